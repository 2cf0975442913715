package dev.mayfly.logs;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.function.Predicate.not;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Set;
import java.util.stream.Collectors;

/** Words kept as data beside this class, one a line, {@code #} before a comment. */
final class WordList {

    /** In lower case: what ordinary logs are full of. */
    static final Set<String> COMMON_WORDS = read("common-words.txt");

    /** Members of well-known credential files that say whose and where, but open nothing. */
    static final Set<String> PUBLIC_MEMBERS = read("public-members.txt");

    private WordList() {}

    private static Set<String> read(String resource) {
        try (InputStream stream = WordList.class.getResourceAsStream(resource)) {
            if (stream == null) {
                throw new IllegalStateException(resource + " is missing in this build of Mayfly");
            }
            return new String(stream.readAllBytes(), UTF_8)
                    .lines()
                    .map(String::strip)
                    .filter(not(String::isEmpty))
                    .filter(word -> word.charAt(0) != '#')
                    .collect(Collectors.toUnmodifiableSet());
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read " + resource, e);
        }
    }
}
