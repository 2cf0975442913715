package dev.mayfly.source.gitlab;

import dev.mayfly.state.StateDirectory;
import dev.mayfly.state.StateException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.random.RandomGenerator;
import java.util.regex.Pattern;

/**
 * What tells this daemon from others that use the same runner token. Made once, kept in a file.
 *
 * @param value {@code r_} or {@code s_} and twelve letters or digits
 */
public record SystemId(String value) {

    private static final Pattern SHAPE = Pattern.compile("[sr]_[0-9a-zA-Z]{12}");
    private static final String ALPHABET =
            "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    private static final int LETTERS = 12;

    public SystemId {
        if (!SHAPE.matcher(value).matches()) {
            throw new IllegalArgumentException(
                    "a system id must match " + SHAPE + ", got \"" + value + "\"");
        }
    }

    /**
     * Reads the file, or makes it where there is none or where it holds something else.
     *
     * @param file its directory must exist
     * @throws StateException when it can be neither read nor made
     */
    public static SystemId readOrCreate(Path file, RandomGenerator random) {
        try {
            if (Files.exists(file)) {
                String kept = Files.readString(file).strip();
                if (SHAPE.matcher(kept).matches()) {
                    return new SystemId(kept);
                }
            }
            StringBuilder made = new StringBuilder("r_");
            for (int i = 0; i < LETTERS; i++) {
                made.append(ALPHABET.charAt(random.nextInt(ALPHABET.length())));
            }
            PrivateFile.replace(file, made + "\n");
            return new SystemId(made.toString());
        } catch (IOException e) {
            throw new StateException(
                    file
                            + " cannot be read or made ("
                            + e
                            + "): it names this daemon at GitLab; let the user that runs Mayfly"
                            + " write in "
                            + file.getParent(),
                    e);
        }
    }

    /** Where it is kept. */
    public static Path fileIn(StateDirectory state) {
        return Registrations.directoryIn(state).resolve("system-id");
    }

    @Override
    public String toString() {
        return value;
    }
}
