package dev.mayfly.logs;

import java.io.IOException;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Secrets that escape sequences and line ends interrupt, over the whole chain. */
class SeenThroughCasesTest {

    static Stream<MaskingCase> cases() throws IOException {
        return Stream.concat(
                        MaskingCase.all("adversarial-cases.yaml"),
                        MaskingCase.all("peers-cases.yaml"))
                .filter(masking -> masking.needs().equals(MaskingCase.SEES_THROUGH));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("cases")
    void interruptedSecretIsMasked(MaskingCase masking) {
        masking.check();
    }
}
