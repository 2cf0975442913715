package dev.mayfly.logs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What fuzzers start from and have found, each file as one test. {@code .ci/fuzz} fuzzes. */
class FuzzCorpusTest {

    private static final Path CORPUS = Path.of("src/test/fuzz");

    static List<Path> maskerInputs() throws IOException {
        return inputs("masker");
    }

    static List<Path> chainInputs() throws IOException {
        return inputs("chain");
    }

    private static List<Path> inputs(String target) throws IOException {
        try (Stream<Path> files = Files.list(CORPUS.resolve(target))) {
            return files.sorted().toList();
        }
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("maskerInputs")
    void maskerDoesWhatTheReferenceDoes(Path input) throws IOException {
        MaskerFuzz.fuzzerTestOneInput(Files.readAllBytes(input));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("chainInputs")
    void chainShowsNoFormOfAValue(Path input) throws IOException {
        ChainFuzz.fuzzerTestOneInput(Files.readAllBytes(input));
    }

    /** Else a typing error in an input would make it a test of nothing. */
    @ParameterizedTest(name = "{0}")
    @MethodSource("maskerInputs")
    void inputHasASecretAndAText(Path input) throws IOException {
        MaskerScript script = MaskerScript.read(Files.readAllBytes(input));
        assertThat(script.secrets().size() + script.additions().size()).isPositive();
        assertThat(script.text()).isNotEmpty();
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("chainInputs")
    void inputHasAValueThatCanBeMasked(Path input) throws IOException {
        assertThat(ChainScript.read(Files.readAllBytes(input)).values())
                .anyMatch(WholeChain::isMaskable);
    }

    @Test
    void scriptSaysWhatItIsReadAs() {
        MaskerScript script =
                MaskerScript.read(
                        bytes("abc~/d~~~x00~+late~:x~|~0~+~<12~>12~@0b1~n\n~*3q~|~x1b~?0~i0c"));
        assertThat(script.secrets()).containsExactly("abc", "d~\0");
        assertThat(script.text())
                .isEqualTo("x" + "abc" + "d~" + "\0" + "a\r\nbc\nqqq\u001b\u001b[ma\rb\rc");
        assertThat(script.additions())
                .containsExactly(new MaskerCheck.Addition(4, List.of("late")));
        BitSet cuts = new BitSet();
        cuts.set(1);
        cuts.set(16);
        assertThat(script.cuts()).isEqualTo(cuts);
        String same =
                MaskerScript.of(script.secrets(), script.additions(), script.text(), script.cuts());
        assertThat(MaskerScript.read(bytes(same))).isEqualTo(script);
    }

    @Test
    void scriptOfAChainSaysWhatItIsReadAs() {
        ChainScript script = ChainScript.read(bytes(" s3cr3t/value ~:~b01|~h0~|~p0|~j0"));
        assertThat(script.values()).containsExactly(" s3cr3t/value ");
        assertThat(script.text())
                .isEqualTo(
                        "YXMzY3IzdC92YWx1ZQ==|7333637233742f76616c7565s3cr3t%2Fvalue|s3cr3t/value");
        assertThat(script.mayNotBeSeen())
                .contains("MzY3IzdC92YWx1Z", "7333637233742f76616c7565", "s3cr3t%2Fvalue");
    }

    /** A search that cannot find anything would be no proof. */
    @Test
    void searchesFindADifferenceWhenThereIsOne() {
        Reference wrong =
                new Reference() {
                    @Override
                    public String mask(String text, List<Known> secrets) {
                        return NAIVE.mask(text, secrets).replace("]b", "]");
                    }

                    @Override
                    public int mostHeld(String written, List<String> secrets) {
                        return NAIVE.mostHeld(written, secrets);
                    }
                };
        assertThatThrownBy(() ->
                        new MaskerCheck(MaskedStream.exact(List.of("aaa")), wrong)
                                .check("aaab", List.of(), new BitSet()))
                .isInstanceOf(AssertionError.class)
                .hasMessageContaining("aaa~:\naaab\n");
        List<String> found = new ArrayList<>();
        RandomSplits search = new RandomSplits(1, wrong, found::add);
        search.run(2_000_000);
        assertThat(found).isNotEmpty().hasSize(search.differences());
    }

    @Test
    void millionBytesOfRandomTextsInRandomSplitsAreAsTheReferenceSays() {
        List<String> differences = new ArrayList<>();
        RandomSplits search = new RandomSplits(1, Reference.NAIVE, differences::add);
        search.run(1_000_000);
        assertThat(search.bytes()).isGreaterThanOrEqualTo(1_000_000);
        assertThat(differences).as(search.toString()).isEmpty();
    }

    private static byte[] bytes(String script) {
        return script.getBytes(StandardCharsets.ISO_8859_1);
    }
}
