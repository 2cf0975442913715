package dev.mayfly.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.mayfly.egress.EgressPolicy;
import dev.mayfly.egress.EgressRule;
import dev.mayfly.execution.PoolTerms;
import dev.mayfly.job.NetworkAccess;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EgressBindingTest {

    private static final Environment ROOT = new Environment(Map.of(), Path.of("/root"), true);

    private @TempDir Path directory;

    private PoolTerms terms(String pool) throws IOException {
        return ConfigLoader.load(file(pool), ROOT).pools().getFirst().terms();
    }

    private String problems(String pool) throws IOException {
        Path file = file(pool);
        return String.valueOf(
                catchThrowableOfType(ConfigException.class, () -> ConfigLoader.load(file, ROOT))
                        .getMessage());
    }

    private Path file(String pool) throws IOException {
        return Files.writeString(
                directory.resolve("mayfly.yaml"), "pools: [{name: only, " + pool + "}]\n");
    }

    @Test
    void networkMeansWhatItMeantWithoutEgress() throws IOException {
        assertThat(terms("network: full").network()).isEqualTo(NetworkAccess.FULL);
        assertThat(terms("network: full").egress()).isNull();
        assertThat(terms("network: none").network()).isEqualTo(NetworkAccess.NONE);
    }

    @Test
    void egressTakesThePlaceOfNetwork() throws IOException {
        assertThat(terms("egress: {mode: none}").network()).isEqualTo(NetworkAccess.NONE);
        assertThat(terms("egress: {mode: none}").egress()).isNull();
        PoolTerms list = terms("egress: {mode: allow, allow: [a.example, '*.b.example:22']}");
        assertThat(list.network()).isEqualTo(NetworkAccess.FULL);
        assertThat(list.egress())
                .isEqualTo(
                        new EgressPolicy(
                                EgressPolicy.Mode.ALLOW,
                                List.of(
                                        EgressRule.parse("a.example"),
                                        EgressRule.parse("*.b.example:22")),
                                false,
                                64));
        assertThat(terms("egress: {mode: open, audit_only: true, connections: 7}").egress())
                .isEqualTo(new EgressPolicy(EgressPolicy.Mode.OPEN, List.of(), true, 7));
    }

    @Test
    void bothAtOnceAreAnErrorThatNamesItsCure() throws IOException {
        assertThat(problems("network: full, egress: {mode: open}"))
                .contains("network")
                .contains("remove network; egress.mode says none, allow or open");
    }

    @Test
    void eachDestinationThatIsNoneIsShown() throws IOException {
        assertThat(
                        problems(
                                "egress: {mode: allow, allow: [good.example, 'http://a', '*',"
                                        + " 127.0.0.1, 192.0.2.1/24]}"))
                .contains("is no destination: http://a")
                .contains("is no destination: *", "mode: open is for all names")
                .contains("127.0.0.1 is loopback, which no job ever reaches; remove it")
                .contains("the block begins at 192.0.2.0")
                .doesNotContain("good.example");
    }

    @Test
    void listForNothingIsAnError() throws IOException {
        assertThat(problems("egress: {mode: none, allow: [a.example]}"))
                .contains("is for nothing with mode: none");
        assertThat(problems("egress: {allow: [a.example]}")).contains("mode");
    }
}
