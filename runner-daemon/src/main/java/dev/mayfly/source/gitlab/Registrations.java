package dev.mayfly.source.gitlab;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.mayfly.state.StateDirectory;
import dev.mayfly.state.StateException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The registrations of a host, one file each, for the eyes of the user that runs Mayfly only. They
 * are what a daemon may change by itself; which pool a registration feeds is the configuration's.
 */
public final class Registrations {

    private static final String SUFFIX = ".json";

    private static final Set<PosixFilePermission> OTHERS =
            EnumSet.complementOf(
                    EnumSet.of(
                            PosixFilePermission.OWNER_READ,
                            PosixFilePermission.OWNER_WRITE,
                            PosixFilePermission.OWNER_EXECUTE));

    private final Path directory;

    private Registrations(Path directory) {
        this.directory = directory;
    }

    /**
     * Opens the registrations in a state directory; makes their directory where it is missing.
     *
     * @throws StateException when it cannot be made
     */
    public static Registrations in(StateDirectory state) {
        return new Registrations(PrivateFile.directory(directoryIn(state)));
    }

    /** Those that there are; makes nothing, to look only. */
    public static Registrations keptIn(StateDirectory state) {
        return new Registrations(directoryIn(state));
    }

    static Path directoryIn(StateDirectory state) {
        return state.root().resolve("gitlab");
    }

    /** All of them, by name. */
    public List<Registration> all() {
        List<Registration> all = new ArrayList<>();
        try (Stream<Path> files = Files.list(directory)) {
            for (Path file : files.sorted().toList()) {
                String name = String.valueOf(file.getFileName());
                if (name.endsWith(SUFFIX) && !name.startsWith(".")) {
                    read(name.substring(0, name.length() - SUFFIX.length())).ifPresent(all::add);
                }
            }
        } catch (IOException e) {
            throw unreadable(directory, e);
        }
        return all;
    }

    /**
     * One of them.
     *
     * @throws StateException naming the file and the cure when it is damaged or others can read it
     */
    public Optional<Registration> read(String name) {
        Registration.checkName(name);
        Path file = file(name);
        try {
            Set<PosixFilePermission> open = EnumSet.copyOf(OTHERS);
            open.retainAll(Files.getPosixFilePermissions(file));
            if (!open.isEmpty()) {
                throw new StateException(
                        file
                                + " holds a runner's token and can be used by others: run chmod 600 "
                                + file,
                        null);
            }
            return Optional.of(registration(name, Json.tree(Files.readAllBytes(file))));
        } catch (NoSuchFileException e) {
            return Optional.empty();
        } catch (IOException e) {
            throw unreadable(file, e);
        } catch (IllegalArgumentException | DateTimeException e) {
            throw new StateException(
                    file
                            + " is no registration ("
                            + e.getMessage()
                            + "): remove it and register again",
                    null);
        }
    }

    /**
     * One that the configuration names.
     *
     * @param server where the configuration says that it was made
     * @throws StateException with the cure when there is none, it was made at another server, or it
     *     cannot be read
     */
    public Registration required(String name, ServerAddress server) {
        Registration kept =
                read(name)
                        .orElseThrow(() ->
                                new StateException(
                                        "there is no registration "
                                                + name
                                                + " on this host: run mayfly register --name "
                                                + name,
                                        null));
        if (!kept.server().equals(server)) {
            throw new StateException(
                    "registration "
                            + name
                            + " was made at "
                            + kept.server()
                            + ", the configuration names "
                            + server
                            + ": its token is sent to no other server; register there",
                    null);
        }
        return kept;
    }

    /** Writes one, all of it or nothing of it, mode 0600. Durable when it returns. */
    public void write(Registration registration) {
        ObjectNode node = Json.object();
        node.put("url", registration.server().toString());
        if (registration.runner() != null) {
            node.put("runner", registration.runner());
        }
        node.put("token", registration.token().reveal());
        node.put("obtained_at", registration.validity().since().toString());
        if (registration.validity().until() != null) {
            node.put("expires_at", registration.validity().until().toString());
        }
        Path file = file(registration.name());
        try {
            PrivateFile.replace(file, node.toPrettyString() + "\n");
        } catch (IOException e) {
            throw new StateException(
                    file
                            + " cannot be written ("
                            + e
                            + "): make room, and let the user that runs Mayfly write in "
                            + directory,
                    e);
        }
    }

    /**
     * Removes one.
     *
     * @return whether there was one
     */
    public boolean remove(String name) {
        Registration.checkName(name);
        try {
            boolean removed = Files.deleteIfExists(file(name));
            PrivateFile.syncDirectoryOf(file(name));
            return removed;
        } catch (IOException e) {
            throw new StateException(file(name) + " cannot be removed (" + e + ")", e);
        }
    }

    /** Where one is kept. */
    public Path file(String name) {
        return directory.resolve(name + SUFFIX);
    }

    private static Registration registration(String name, JsonNode node) {
        return new Registration(
                name,
                ServerAddress.of(text(node, "url")),
                node.hasNonNull("runner") ? node.path("runner").asLong() : null,
                new GitLabToken(text(node, "token")),
                new Registration.Validity(
                        Instant.parse(text(node, "obtained_at")),
                        instant(node.path("expires_at"))));
    }

    private static @Nullable Instant instant(JsonNode node) {
        return node.isTextual() ? Instant.parse(node.asText()) : null;
    }

    private static String text(JsonNode node, String field) {
        JsonNode value = node.path(field);
        if (!value.isTextual()) {
            throw new IllegalArgumentException(field + " is missing");
        }
        return value.asText();
    }

    private static StateException unreadable(Path file, IOException cause) {
        return new StateException(
                file + " cannot be read (" + cause + "): run as the user that runs Mayfly", cause);
    }
}
