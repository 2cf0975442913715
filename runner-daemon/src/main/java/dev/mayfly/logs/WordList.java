package dev.mayfly.logs;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.function.Predicate.not;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Collectors;

/** Words kept as data beside this class, one a line, {@code #} before a comment. */
final class WordList {

    /** In lower case: what ordinary logs are full of. */
    static final Set<String> COMMON_WORDS = read("common-words.txt");

    private static final Set<String> PUBLIC_MEMBERS =
            read("public-members.txt").stream()
                    .map(WordList::spelling)
                    .collect(Collectors.toUnmodifiableSet());

    private WordList() {}

    /** Whether a member of well-known credential files says whose or where, but opens nothing. */
    static boolean isPublicMember(String name) {
        return PUBLIC_MEMBERS.contains(spelling(name));
    }

    /** Alike for {@code apiVersion}, {@code API_VERSION} and {@code api-version}. */
    private static String spelling(String name) {
        return name.toLowerCase(Locale.ROOT).replace("_", "").replace("-", "");
    }

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
