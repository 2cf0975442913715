package dev.mayfly.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SecretLineEndTest {

    @ParameterizedTest
    @CsvSource({
        "token,       token",
        "token~,      token",
        "token^~,     token",
        "token~~,     token~~",
        "'token  ~',  'token  '",
        "BEGIN~a~END~, BEGIN~a~END~",
        "~,           ''",
        "'',          ''",
    })
    void oneLineLosesItsEndAndSeveralKeepTheirs(String typed, String stored) {
        assertThat(new String(SecretCommand.withoutLineEnd(bytes(typed)), UTF_8))
                .isEqualTo(new String(bytes(stored), UTF_8));
    }

    private static byte[] bytes(String text) {
        return text.replace('~', '\n').replace('^', '\r').getBytes(UTF_8);
    }
}
