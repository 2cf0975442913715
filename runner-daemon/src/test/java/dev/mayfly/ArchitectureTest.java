package dev.mayfly;

import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.EvaluationResult;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The rules hold, and each of them notices when it is broken. */
class ArchitectureTest {

    private static final JavaClasses DAEMON =
            new ClassFileImporter()
                    .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
                    .importPackages("dev.mayfly");

    /** Where classes break the rules on purpose. */
    private static final String BROKEN = "dev.mayfly.violation";

    private static final JavaClasses VIOLATIONS = new ClassFileImporter().importPackages(BROKEN);

    /** By rule, what its report must name. */
    private static final Map<String, String> VIOLATORS =
            Map.ofEntries(
                    Map.entry("source depends on job only", "SourceThatKnowsAdmission"),
                    Map.entry("admission depends on job only", "AdmissionThatKnowsPool"),
                    Map.entry("pool depends on job only", "PoolThatKnowsSandbox"),
                    Map.entry("sandbox depends on job only", "SandboxThatKnowsSecrets"),
                    Map.entry("secrets depends on job only", "SecretsThatKnowsLogs"),
                    Map.entry("logs depends on job only", "LogsThatKnowsSource"),
                    Map.entry("job depends on the JDK only", "JobThatKnowsALibrary"),
                    Map.entry(
                            "source.local knows source, job, logs, state only",
                            "SourceLocalThatKnowsTooMuch"),
                    Map.entry(
                            "source.gitlab knows source, job, registry, state only",
                            "SourceGitlabThatKnowsTooMuch"),
                    Map.entry(
                            "sandbox.docker knows sandbox, job only",
                            "SandboxDockerThatKnowsTooMuch"),
                    Map.entry(
                            "secrets.file knows secrets, job only", "SecretsFileThatKnowsTooMuch"),
                    Map.entry(
                            "secrets.vault knows secrets, job only",
                            "SecretsVaultThatKnowsTooMuch"),
                    Map.entry("state knows job only", "StateThatKnowsTooMuch"),
                    Map.entry("migration knows config, job only", "MigrationThatKnowsTooMuch"),
                    Map.entry("pipeline knows job, config only", "PipelineThatKnowsTooMuch"),
                    Map.entry(
                            "teardown knows job, sandbox, secrets, state only",
                            "TeardownThatKnowsTooMuch"),
                    Map.entry(
                            "execution knows job, source, admission, audit, pool, sandbox, secrets, logs, artifacts, egress, teardown, metrics only",
                            "ExecutionThatKnowsTooMuch"),
                    Map.entry("egress knows job, sandbox, state only", "EgressThatKnowsTooMuch"),
                    Map.entry("audit knows job only", "AuditThatKnowsASource"),
                    Map.entry("images knows job, sandbox, state only", "ImagesThatKnowASource"),
                    Map.entry("metrics knows job only", "MetricsThatKnowsTooMuch"),
                    Map.entry("artifacts knows job only", "ArtifactsThatKnowTooMuch"),
                    Map.entry(
                            "artifacts.s3 knows artifacts, job only", "ArtifactsS3ThatKnowTooMuch"),
                    Map.entry(
                            "admission.oidc knows admission, job only",
                            "AdmissionOidcThatKnowsTooMuch"),
                    Map.entry(
                            "decision knows job, admission, state only",
                            "DecisionThatKnowsTooMuch"),
                    Map.entry("Nimbus is seen in admission.oidc only", "UserOfEveryLibrary"),
                    Map.entry(
                            "claims are verified where tokens are checked, and assumed in tests of a policy only",
                            "PolicyThatMakesClaims"),
                    Map.entry("policy knows job, admission only", "PolicyThatKnowsTooMuch"),
                    Map.entry("CEL is seen in policy only", "UserOfEveryLibrary"),
                    Map.entry("registry knows job only", "RegistryThatKnowsTooMuch"),
                    Map.entry("only bootstrap and cli name adapters", "ExecutionThatKnowsTooMuch"),
                    Map.entry("docker-java is seen in sandbox.docker only", "UserOfEveryLibrary"),
                    Map.entry("Tink is seen in secrets.file only", "UserOfEveryLibrary"),
                    Map.entry(
                            "the Vault driver is seen in secrets.vault only", "UserOfEveryLibrary"),
                    Map.entry("the AWS SDK is seen in artifacts.s3 only", "UserOfEveryLibrary"),
                    Map.entry(
                            "Vert.x is seen in source.local, source.gitlab, bootstrap, cli only",
                            "UserOfEveryLibrary"),
                    Map.entry(
                            "JDBC is seen in state, source.local, teardown, decision, images only",
                            "UserOfEveryLibrary"),
                    Map.entry("SQLite is seen in state only", "UserOfEveryLibrary"),
                    Map.entry(
                            "Micrometer is seen in metrics, bootstrap only", "UserOfEveryLibrary"),
                    Map.entry(
                            "Commons Compress is seen in artifacts, cli, sandbox.docker only",
                            "UserOfEveryLibrary"),
                    Map.entry("picocli is seen in cli only", "UserOfEveryLibrary"),
                    Map.entry("nobody depends on cli", "BootstrapThatKnowsCli"),
                    Map.entry("nobody but cli depends on bootstrap", "ExecutionThatKnowsBootstrap"),
                    Map.entry("packages form no cycle", "Cycle detected"),
                    Map.entry("no package is a drawer", "Drawer"),
                    Map.entry("no class is named for what any class does", "SlotManager"),
                    Map.entry(
                            "a hidden value is revealed only on its way to the masker, the job, the encrypted file and the header of a request",
                            "MetricsThatRevealASecret"));

    static List<Architecture.Named> rules() {
        return new Architecture("dev.mayfly").rules();
    }

    @ParameterizedTest
    @MethodSource("rules")
    void ruleHolds(Architecture.Named rule) {
        rule.rule().check(DAEMON);
    }

    @Test
    void allOfTheDaemonIsLookedAtAndNoTest() {
        assertThat(DAEMON.contain("dev.mayfly.job.JobSpec")).isTrue();
        assertThat(DAEMON.contain("dev.mayfly.secrets.file.SecretStore")).isTrue();
        assertThat(DAEMON.contain("dev.mayfly.ArchitectureTest")).isFalse();
    }

    static List<Architecture.Named> rulesForTheBroken() {
        return new Architecture(BROKEN).rules();
    }

    @ParameterizedTest
    @MethodSource("rulesForTheBroken")
    void ruleNoticesWhoBreaksIt(Architecture.Named rule) {
        EvaluationResult result = rule.rule().evaluate(VIOLATIONS);

        assertThat(VIOLATORS).containsKey(rule.name());
        assertThat(result.getFailureReport().toString()).contains(VIOLATORS.get(rule.name()));
    }

    @Test
    void eachViolatorBreaksARuleThatExists() {
        assertThat(rulesForTheBroken())
                .extracting(Architecture.Named::name)
                .containsExactlyInAnyOrderElementsOf(VIOLATORS.keySet());
    }
}
