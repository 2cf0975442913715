package dev.mayfly.sandbox.docker;

import dev.mayfly.sandbox.DiskLimits;
import java.util.Locale;
import java.util.Optional;

/**
 * What one job held on the engine's disk when that was measured.
 *
 * @param bytes allocated
 * @param files files and directories
 * @param freeBytes what was free on the file system, as the engine's host sees it
 */
record DiskUse(long bytes, long files, long freeBytes) {

    private static final long[] UNITS = {1L << 40, 1L << 30, 1L << 20, 1L << 10};
    private static final String[] NAMES = {"TiB", "GiB", "MiB", "KiB"};

    /** How it is beyond the limits, for the job's author, or empty. */
    Optional<String> beyond(DiskLimits limits) {
        if (bytes > limits.bytes()) {
            return Optional.of(
                    "%s of %s are used".formatted(inWords(bytes), inWords(limits.bytes())));
        }
        return files > limits.files()
                ? Optional.of("it has %d files of %d".formatted(files, limits.files()))
                : Optional.empty();
    }

    /** In the largest unit of which there is one. */
    static String inWords(long bytes) {
        for (int i = 0; i < UNITS.length; i++) {
            if (bytes >= UNITS[i]) {
                String number =
                        bytes % UNITS[i] == 0
                                ? Long.toString(bytes / UNITS[i])
                                : String.format(Locale.ROOT, "%.2f", (double) bytes / UNITS[i]);
                return number + " " + NAMES[i];
            }
        }
        return bytes + " bytes";
    }
}
