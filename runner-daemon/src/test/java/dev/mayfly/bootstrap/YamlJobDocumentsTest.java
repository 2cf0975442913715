package dev.mayfly.bootstrap;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.mayfly.job.JobSpec;
import dev.mayfly.job.WorkspaceSource;
import dev.mayfly.source.local.JobDocuments.Reading;
import java.util.List;
import org.junit.jupiter.api.Test;

class YamlJobDocumentsTest {

    @Test
    void aDocumentBecomesAJob() {
        JobSpec job = job("name: build\nscript: [make, make test]\n");

        assertThat(job.name()).isEqualTo("build");
        assertThat(job.steps().script()).isEqualTo(List.of("make", "make test"));
        assertThat(job.inputs().workspace()).isEqualTo(new WorkspaceSource.Empty());
    }

    @Test
    void theSendersPathIsKeptSoThatARequestWithoutItsUploadCanBeRefused() {
        assertThat(job("script: make\nworkspace:\n  directory: .\n").inputs().workspace())
                .isInstanceOf(WorkspaceSource.Archive.class);
        assertThat(
                        job("script: make\nworkspace:\n  git:\n    url: .\n    commit: main\n")
                                .inputs()
                                .workspace())
                .isInstanceOf(WorkspaceSource.Bundle.class);
    }

    @Test
    void everyProblemIsNamedWithItsLineAndItsCure() {
        Reading reading = read("script: make\ntimeout: never\nnetwork: half\n");

        assertThat(reading).isInstanceOf(Reading.Rejected.class);
        assertThat(((Reading.Rejected) reading).problems())
                .hasSize(2)
                .allSatisfy(problem -> {
                    assertThat(problem.line()).isBetween(2, 3);
                    assertThat(problem.cure()).isNotBlank();
                });
    }

    @Test
    void bytesThatAreNoYamlAreRejectedAndThrowNothing() {
        assertThat(new YamlJobDocuments().read(new byte[] {(byte) 0xff, 0, 1}))
                .isInstanceOf(Reading.Rejected.class);
        assertThat(read("")).isInstanceOf(Reading.Rejected.class);
        assertThat(read("[")).isInstanceOf(Reading.Rejected.class);
    }

    private static JobSpec job(String text) {
        return ((Reading.Job) read(text)).spec();
    }

    private static Reading read(String text) {
        return new YamlJobDocuments().read(text.getBytes(UTF_8));
    }
}
