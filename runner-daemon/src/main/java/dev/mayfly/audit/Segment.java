package dev.mayfly.audit;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * One file of the trail, named for the number of its first line.
 *
 * @param file where it is
 * @param first number of its first line
 */
record Segment(Path file, long first) {

    /** A line that is longer was not written by Mayfly. */
    private static final int LONGEST_LINE = 4 << 20;

    private static final int DIGITS = 19;
    private static final Pattern NAME = Pattern.compile("(\\d{" + DIGITS + "})\\.jsonl");

    /** Sees the lines of a segment in their order. */
    @FunctionalInterface
    interface Sight {

        /**
         * A line, without its line feed.
         *
         * @param end where the next one begins, in bytes from the file's beginning
         * @param whole whether there was a line feed; only the last one may lack it
         * @return whether to go on
         */
        boolean line(byte[] bytes, long end, boolean whole) throws IOException;
    }

    static Segment beginning(Path directory, long first) {
        return new Segment(directory.resolve(("%0" + DIGITS + "d.jsonl").formatted(first)), first);
    }

    /** Those of a directory, the oldest first. */
    static List<Segment> in(Path directory) throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            return files.filter(file -> NAME.matcher(String.valueOf(file.getFileName())).matches())
                    .sorted()
                    .map(Segment::at)
                    .toList();
        } catch (NoSuchFileException e) {
            return List.of();
        }
    }

    private static Segment at(Path file) {
        return new Segment(
                file, Long.parseLong(String.valueOf(file.getFileName()).substring(0, DIGITS)));
    }

    /** Shows its lines from a place on. */
    void read(long from, Sight sight) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            channel.position(from);
            InputStream in = new BufferedInputStream(Channels.newInputStream(channel), 1 << 16);
            ByteArrayOutputStream line = new ByteArrayOutputStream();
            long end = from;
            for (int b = in.read(); b >= 0; b = in.read()) {
                end++;
                if (b != '\n' && line.size() < LONGEST_LINE) {
                    line.write(b);
                    continue;
                }
                if (!sight.line(line.toByteArray(), end, true)) {
                    return;
                }
                line.reset();
            }
            if (line.size() > 0) {
                sight.line(line.toByteArray(), end, false);
            }
        }
    }
}
