package dev.mayfly.logs;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** What the masker is compared with must do its work. */
class SparseAhoCorasickTest {

    @Test
    void everyPlaceWhereAPatternEndsIsCounted() {
        Random random = new Random(1);
        for (int run = 0; run < 2000; run++) {
            List<String> patterns =
                    IntStream.range(0, 1 + random.nextInt(5))
                            .mapToObj(_ -> text(random, 1 + random.nextInt(5)))
                            .toList();
            String text = text(random, 40);
            long expected =
                    IntStream.rangeClosed(1, text.length())
                            .filter(end ->
                                    patterns.stream().anyMatch(text.substring(0, end)::endsWith))
                            .count();
            SparseAhoCorasick automaton =
                    new SparseAhoCorasick(
                            patterns.stream().map(p -> p.getBytes(ISO_8859_1)).toList());
            int cut = random.nextInt(text.length());
            byte[] bytes = text.getBytes(ISO_8859_1);
            automaton.take(bytes, 0, cut);
            automaton.take(bytes, cut, bytes.length - cut);
            assertThat(automaton.found()).as("%s in %s", patterns, text).isEqualTo(expected);
        }
    }

    private static String text(Random random, int length) {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < length; i++) {
            text.append((char) ('a' + random.nextInt(2)));
        }
        return text.toString();
    }
}
