package dev.mayfly.config;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;

/** The seccomp profiles that pools name, read once. */
final class SeccompProfiles {

    private static final String KEY = "seccomp_profile";
    private static final int MAX_BYTES = 1 << 20;

    private final Path directory;
    private final Map<String, String> profiles = new HashMap<>();

    private SeccompProfiles(Path directory) {
        this.directory = directory;
    }

    /** Reads them all; one that cannot be read or is not JSON is a problem of its pool. */
    static SeccompProfiles read(Section root, Path directory) {
        SeccompProfiles profiles = new SeccompProfiles(directory);
        root.sections("pools").stream().filter(pool -> pool.has(KEY)).forEach(profiles::read);
        return profiles;
    }

    /** The profile of a pool, or the empty string when it names none. */
    String of(Section pool) {
        return pool.has(KEY) ? profiles.getOrDefault(pool.text(KEY), "") : "";
    }

    private void read(Section pool) {
        Path file = directory.resolve(pool.text(KEY));
        try {
            if (Files.size(file) > MAX_BYTES) {
                pool.report(
                        KEY,
                        file + " is longer than " + MAX_BYTES + " bytes",
                        "name the right file");
                return;
            }
            String profile = Files.readString(file);
            if (!new JsonMapper().readTree(profile).has("defaultAction")) {
                pool.report(
                        KEY,
                        file + " has no defaultAction",
                        "name a seccomp profile in Docker's JSON format");
                return;
            }
            profiles.put(pool.text(KEY), profile);
        } catch (JsonProcessingException e) {
            pool.report(
                    KEY,
                    file + " is not JSON: line " + e.getLocation().getLineNr(),
                    "name a seccomp profile in Docker's JSON format");
        } catch (IOException e) {
            pool.report(
                    KEY,
                    file + " cannot be read: " + e.getClass().getSimpleName(),
                    "create it, or remove the key to use the engine's profile");
        }
    }
}
