package dev.mayfly.audit;

import dev.mayfly.job.JobId;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** Shows what is in a trail, without looking whether it is what was written. */
public final class TrailReader {

    private final Path directory;

    public TrailReader(Path directory) {
        this.directory = directory;
    }

    /** Sees lines in their order. */
    @FunctionalInterface
    public interface Sight {

        /**
         * A line.
         *
         * @param text as it is in the file
         * @param line what it says
         */
        void see(String text, AuditLine line) throws IOException;
    }

    /**
     * Shows lines.
     *
     * @param job only those about this job; null for all
     * @param wanted which of them
     * @throws IOException when the trail cannot be read, or by the one who sees
     */
    public void read(@Nullable JobId job, Predicate<AuditLine> wanted, Sight sight)
            throws IOException {
        // Most lines are about others, and looking for bytes is quicker than reading JSON.
        String about = job == null ? "" : "\"job\":\"" + job + "\"";
        for (Segment segment : Segment.in(directory)) {
            try {
                segment.read(
                        0,
                        (bytes, _, whole) -> {
                            String text = new String(bytes, StandardCharsets.UTF_8);
                            if (whole && text.contains(about)) {
                                see(text, bytes, job, wanted, sight);
                            }
                            return true;
                        });
            } catch (NoSuchFileException e) {
                // Retired while we read: those are the oldest, and the rest is there.
            }
        }
    }

    private static void see(
            String text,
            byte[] bytes,
            @Nullable JobId job,
            Predicate<AuditLine> wanted,
            Sight sight)
            throws IOException {
        AuditLine line = AuditLine.read(bytes).orElse(null);
        if (line != null
                && (job == null || line.text("job").equals(job.value()))
                && wanted.test(line)) {
            sight.see(text, line);
        }
    }
}
