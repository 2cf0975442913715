package dev.mayfly.job;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Which images a rule is about. Patterns are read like images' names, so that neither can be
 * written in a way that the other does not see: {@code debian:*} covers {@code
 * docker.io/library/debian:12}. {@code *} stands for any characters but slashes, {@code **} for any
 * at all, {@code ?} for one that is no slash.
 *
 * <p>A digest takes the place of a tag: a pattern that asks for certain tags does not cover an
 * image with a digest, since engines do not look at the tag beside it, unless the pattern has an
 * {@code @} itself.
 */
public final class ImagePattern {

    private static final Pattern WILD = Pattern.compile("\\*+|\\?");

    /** Beyond, nobody tries whether something is covered. */
    private static final int MOST_TRIED = 8;

    private final String written;

    /** What the pattern may mean, since what stands before a slash may be a host or none. */
    private final List<Reading> readings;

    private ImagePattern(String written, List<Reading> readings) {
        this.written = written;
        this.readings = readings;
    }

    /**
     * One meaning of a pattern.
     *
     * @param tagged covers a repository with a tag; null where a digest is wanted
     * @param name covers a repository with a digest; null where a digest is not covered
     * @param tag which tag stands beside the digest; null for any, or none
     * @param digest which digests
     */
    private record Reading(
            @Nullable Glob tagged, @Nullable Glob name, @Nullable Glob tag, Glob digest) {

        boolean covers(ImageReference image) {
            if (image.digest() == null) {
                return tagged != null && tagged.covers(image.canonical());
            }
            return name != null
                    && name.covers(image.repository())
                    && (tag == null || (image.tag() != null && tag.covers(image.tag())))
                    && digest.covers(image.digest());
        }
    }

    /**
     * A text with wildcards. Not a regular expression: what it takes to compare grows with the
     * lengths of both, whatever they are.
     *
     * @param text with {@code *}, {@code **} and {@code ?}
     */
    private record Glob(String text) {

        boolean covers(String name) {
            // Where in the name the part of the text that was looked at may end.
            boolean[] ends = new boolean[name.length() + 1];
            ends[0] = true;
            int at = 0;
            while (at < text.length()) {
                if (text.startsWith("**/", at) && (at == 0 || text.charAt(at - 1) == '/')) {
                    directories(ends, name);
                    at += 3;
                } else if (text.charAt(at) == '*') {
                    boolean any = text.startsWith("**", at);
                    for (int i = 0; i < name.length(); i++) {
                        ends[i + 1] |= ends[i] && (any || name.charAt(i) != '/');
                    }
                    at += any ? 2 : 1;
                } else {
                    char wanted = text.charAt(at);
                    for (int i = name.length(); i > 0; i--) {
                        char c = name.charAt(i - 1);
                        ends[i] = ends[i - 1] && (wanted == '?' ? c != '/' : c == wanted);
                    }
                    ends[0] = false;
                    at++;
                }
            }
            return ends[name.length()];
        }

        /** None, or some, each with its slash. */
        private static void directories(boolean[] ends, String name) {
            boolean begun = false;
            for (int i = 0; i < name.length(); i++) {
                begun |= ends[i];
                ends[i + 1] |= begun && name.charAt(i) == '/';
            }
        }
    }

    /**
     * Reads a pattern.
     *
     * @throws IllegalArgumentException when there is no image that it covers, with the cause and
     *     the cure
     */
    public static ImagePattern parse(String written) {
        ImagePattern pattern =
                new ImagePattern(
                        written, names(written).stream().flatMap(ImagePattern::read).toList());
        pattern.requireSense();
        return pattern;
    }

    /** Whether this image is meant. */
    public boolean covers(ImageReference image) {
        return readings.stream().anyMatch(reading -> reading.covers(image));
    }

    /** The pattern with its registry, in each way in which it can be read. */
    private static List<String> names(String pattern) {
        if (pattern.startsWith("**")) {
            return List.of(pattern);
        }
        int slash = pattern.indexOf('/');
        String first = slash < 0 ? pattern : pattern.substring(0, slash);
        String rest = slash < 0 ? "" : pattern.substring(slash + 1);
        String hub = ImageReference.DEFAULT_REGISTRY + "/";
        String official = hub + "library/";
        if (slash >= 0 && ImageReference.isHost(first)) {
            String host =
                    first.indexOf('*') < 0 && first.indexOf('?') < 0
                            ? ImageReference.registryOf(first)
                            : first.toLowerCase(Locale.ROOT).replaceFirst(":0*443$", "");
            boolean single = rest.indexOf('/') < 0;
            if (!host.equals(ImageReference.DEFAULT_REGISTRY) || !single) {
                return List.of(host + "/" + rest);
            }
            return rest.contains("**")
                    ? List.of(hub + rest, official + rest)
                    : List.of(official + rest);
        }
        boolean wild = first.indexOf('*') >= 0 || first.indexOf('?') >= 0;
        if (slash >= 0) {
            return wild ? List.of(hub + pattern, pattern) : List.of(hub + pattern);
        }
        return first.contains("**")
                ? List.of(official + pattern, hub + pattern, pattern)
                : List.of(official + pattern);
    }

    private static Stream<Reading> read(String pattern) {
        int last = pattern.lastIndexOf('/') + 1;
        Glob anything = new Glob("**");
        int at = pattern.indexOf('@', last);
        if (at >= 0) {
            String named = pattern.substring(0, at);
            int colon = named.indexOf(':', last);
            return Stream.of(
                    new Reading(
                            null,
                            new Glob(colon < 0 ? named : named.substring(0, colon)),
                            colon < 0 ? null : new Glob(named.substring(colon + 1)),
                            new Glob(pattern.substring(at + 1))));
        }
        int colon = pattern.indexOf(':', last);
        if (colon >= 0) {
            boolean anyTag = pattern.substring(colon + 1).matches("\\*+");
            return Stream.of(
                    new Reading(
                            new Glob(pattern),
                            anyTag ? new Glob(pattern.substring(0, colon)) : null,
                            null,
                            anything));
        }
        Reading latest = new Reading(new Glob(pattern + ":latest"), null, null, anything);
        if (!WILD.matcher(pattern.substring(last)).find()) {
            return Stream.of(latest);
        }
        // A wildcard may stand for the end of the name and what begins the tag.
        return Stream.of(
                latest,
                new Reading(
                        new Glob(pattern),
                        pattern.endsWith("*") ? new Glob(pattern) : null,
                        null,
                        anything));
    }

    /** Puts something in the place of the wildcards, and looks whether an image comes out. */
    private void requireSense() {
        int at = written.indexOf('@');
        String name = at < 0 ? written : written.substring(0, at);
        List<String> candidates = at < 0 ? List.of("") : digests(written.substring(at + 1));
        if (WILD.matcher(name).results().count() > MOST_TRIED) {
            return;
        }
        IllegalArgumentException why = null;
        for (String tried : filled(name)) {
            for (String digest : candidates) {
                try {
                    if (covers(ImageReference.parse(tried + digest))) {
                        return;
                    }
                } catch (IllegalArgumentException e) {
                    why = why == null ? e : why;
                }
            }
        }
        throw why == null
                ? new IllegalArgumentException("covers no image: write it like an image's name")
                : new IllegalArgumentException(why.getMessage(), why);
    }

    private static List<String> filled(String name) {
        Matcher wild = WILD.matcher(name);
        if (!wild.find()) {
            return List.of(name);
        }
        List<String> ends = filled(name.substring(wild.end()));
        List<String> all = new ArrayList<>();
        for (String with : wild.group().equals("?") ? List.of("1") : List.of("1", "", "1/1")) {
            if (with.indexOf('/') < 0 || wild.group().length() > 1) {
                ends.forEach(end -> all.add(name.substring(0, wild.start()) + with + end));
            }
        }
        return all;
    }

    /** Digests that the pattern of one may cover. */
    private static List<String> digests(String pattern) {
        Matcher wild = WILD.matcher(pattern);
        if (!wild.find()) {
            return List.of("@" + pattern);
        }
        String before = pattern.substring(0, wild.start());
        String after = WILD.matcher(pattern.substring(wild.end())).replaceAll("0");
        List<String> all = new ArrayList<>();
        for (String empty :
                List.of(
                        "sha256:" + "0".repeat(64),
                        "sha384:" + "0".repeat(96),
                        "sha512:" + "0".repeat(128))) {
            int rest = empty.length() - before.length() - after.length();
            String begin =
                    before.length() <= "sha256:".length()
                            ? empty.substring(0, before.length())
                            : before;
            if (rest >= 0 && begin.equals(before)) {
                all.add(
                        "@"
                                + before
                                + empty.substring(before.length(), before.length() + rest)
                                + after);
            }
        }
        return all;
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof ImagePattern pattern && pattern.written.equals(written);
    }

    @Override
    public int hashCode() {
        return written.hashCode();
    }

    /** As it was written. */
    @Override
    public String toString() {
        return written;
    }
}
