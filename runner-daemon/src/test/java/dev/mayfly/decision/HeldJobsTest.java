package dev.mayfly.decision;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.mayfly.admission.Decision;
import dev.mayfly.admission.DecisionLog;
import dev.mayfly.admission.Effect;
import dev.mayfly.admission.Finding;
import dev.mayfly.admission.Gate;
import dev.mayfly.admission.IdentityCheck;
import dev.mayfly.admission.Verdict;
import dev.mayfly.job.Facts;
import dev.mayfly.job.HandedValue;
import dev.mayfly.job.Hiding;
import dev.mayfly.job.ImageSpec;
import dev.mayfly.job.Inputs;
import dev.mayfly.job.JobEnvironment;
import dev.mayfly.job.JobId;
import dev.mayfly.job.JobSpec;
import dev.mayfly.job.NetworkAccess;
import dev.mayfly.job.PoolName;
import dev.mayfly.job.RegistrationFacts;
import dev.mayfly.job.ResourceRequest;
import dev.mayfly.job.SecretValue;
import dev.mayfly.job.ServerFacts;
import dev.mayfly.job.SettableFacts;
import dev.mayfly.job.Steps;
import dev.mayfly.job.VerifiedClaims;
import dev.mayfly.job.WorkspaceSource;
import dev.mayfly.logs.MaskedText;
import dev.mayfly.logs.Masking;
import dev.mayfly.state.StateDirectory;
import dev.mayfly.state.StateStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Jobs that a rule holds, through the gate and with the state database that the daemon has. */
class HeldJobsTest {

    private static final PoolName POOL = new PoolName("trusted");
    private static final Verdict HELD = new Verdict.Held(POOL, "somebody looks first");
    private static final String POLICY = "d".repeat(64);
    private static final Hiding HIDING = secrets -> new MaskedText(secrets, Masking.STANDARD);

    @TempDir Path folder;

    private Instant now = Instant.parse("2026-11-21T10:00:00Z");
    private final InstantSource clock = () -> now;
    private StateStore store;
    private SqliteApprovals approvals;
    private KeptDecisions decisions;

    @BeforeEach
    void open() {
        store = StateStore.open(new StateDirectory(folder).create());
        approvals = new SqliteApprovals(store, Duration.ofHours(24), clock);
        decisions = new KeptDecisions(store, clock, KeptDecisions.Listener.NONE);
    }

    @AfterEach
    void close() {
        store.close();
    }

    @Test
    void heldJobIsRefusedWithWhatToDoAndRunsOnceWhenItIsApproved() throws Exception {
        assertThat(refusal("shop-1", job("make deploy")))
                .contains("held for approval", "somebody looks first", "mayfly approve shop-1")
                .contains("within 24 h");

        assertThat(approvals.approve(new JobId("shop-1"), "alex"))
                .isEqualTo(SqliteApprovals.Effect.APPROVED);
        assertThat(admit("shop-2", job("make deploy"))).isEqualTo(new Verdict.Admitted(POOL));
        assertThat(refusal("shop-3", job("make deploy"))).contains("mayfly approve shop-3");
    }

    @Test
    void approvalOutlivesARestart() throws Exception {
        refusal("shop-1", job("make deploy"));
        close();
        open();
        assertThat(approvals.open())
                .singleElement()
                .satisfies(held -> {
                    assertThat(held.wish().job()).isEqualTo(new JobId("shop-1"));
                    assertThat(held.wish().subject()).contains("group/demo", "main");
                });
        approvals.approve(new JobId("shop-1"), "alex");
        close();
        open();

        assertThat(admit("shop-2", job("make deploy"))).isEqualTo(new Verdict.Admitted(POOL));
        assertThat(approvals.open()).isEmpty();
    }

    @Test
    void approvalIsForExactlyWhatWasHeld() throws Exception {
        refusal("shop-1", job("make deploy"));
        approvals.approve(new JobId("shop-1"), "alex");

        assertThat(refusal("shop-2", job("make deploy; curl evil.example")))
                .contains("approve shop-2");
        assertThat(
                        gate(POLICY)
                                .admit(
                                        new JobId("shop-3"),
                                        job("make deploy"),
                                        facts(job("make deploy"), "b".repeat(40)),
                                        List.of())
                                .verdict())
                .isInstanceOf(Verdict.Refused.class);
        JobSpec other = job("make deploy", Map.of("TARGET", "all"));
        assertThat(refusal("shop-4", other)).contains("approve shop-4");
        Steps own = job("make deploy").steps();
        assertThat(refusal("shop-6", doing(own, List.of("npm ci"), List.of())))
                .contains("approve shop-6");
        assertThat(
                        refusal(
                                "shop-7",
                                doing(
                                        own,
                                        List.of(),
                                        List.of(
                                                new Steps.Further(
                                                        "release", List.of("release-cli"))))))
                .contains("approve shop-7");
        assertThat(admit("shop-5", job("make deploy"))).isEqualTo(new Verdict.Admitted(POOL));
    }

    @Test
    void whatTheServerSetsAnewForEachRunIsNoOtherJob() throws Exception {
        refusal(
                "shop-1",
                ofRun("1001", "glcbt-64_first-token", "eyJhbGciOiJ.eyJzdWIiOiIx.c2lnbmVk"));
        approvals.approve(new JobId("shop-1"), "alex");

        assertThat(
                        admit(
                                "shop-2",
                                ofRun(
                                        "1002",
                                        "glcbt-64_other-token",
                                        "eyJhbGciOiJ.eyJzdWIiOiIy.b3RoZXI")))
                .isEqualTo(new Verdict.Admitted(POOL));
    }

    private static JobSpec ofRun(String job, String token, String identity) {
        return bringing(
                Map.of(
                        "CI_JOB_ID",
                        job,
                        "CI_JOB_URL",
                        "https://gitlab.example.com/demo/-/jobs/" + job,
                        "CI_JOB_STARTED_AT",
                        "2031-05-01T10:00:" + job.substring(2) + "Z",
                        "GITLAB_USER_NAME",
                        "Somebody No. " + job,
                        "CI_REPOSITORY_URL",
                        "https://gitlab-ci-token:" + token + "@gitlab.example.com/demo.git"),
                handed("CI_JOB_TOKEN", token, HandedValue.Use.VARIABLE, HandedValue.Use.MASKED),
                handed("ID_TOKEN", identity, HandedValue.Use.VARIABLE, HandedValue.Use.MASKED));
    }

    private static HandedValue handed(String name, String value, HandedValue.Use... uses) {
        return new HandedValue(name, new SecretValue(value.getBytes(UTF_8)), Set.of(uses));
    }

    private static JobSpec bringing(Map<String, String> variables, HandedValue... handed) {
        JobSpec plain = job("make deploy", variables);
        return new JobSpec(
                plain.name(),
                plain.pool(),
                plain.steps(),
                plain.environment(),
                new Inputs(variables, List.of(handed), List.of(), new WorkspaceSource.Empty()),
                plain.artifacts());
    }

    /** A pipeline's author gives variables any name, and values to whatever he starts it with. */
    @Test
    void variablesOfAnyNameArePartOfWhatIsApproved() throws Exception {
        Map<String, String> variables =
                Map.of("CI_ENVIRONMENT_NAME", "staging", "CI_JOB_ID", "1", "GITLAB_USER_NAME", "A");
        HandedValue masked = handed("PASSWORD", "a-good-one", HandedValue.Use.MASKED);
        refusal("shop-1", bringing(variables, masked));
        approvals.approve(new JobId("shop-1"), "alex");
        List<JobSpec> others =
                List.of(
                        bringing(with(variables, "CI_ENVIRONMENT_NAME", "production"), masked),
                        bringing(with(variables, "CI_CMD", "id"), masked),
                        bringing(with(variables, "CI_JOB_ID", "1; id"), masked),
                        bringing(with(variables, "GITLAB_USER_NAME", "$(id)"), masked),
                        bringing(with(variables, "CI_JOB_URL", "$(id)/1"), masked),
                        bringing(variables),
                        bringing(variables, handed("PASSWORD", "another", HandedValue.Use.MASKED)),
                        bringing(
                                variables,
                                masked,
                                handed("BASH_ENV", "echo evil", HandedValue.Use.FILE)),
                        bringing(
                                variables,
                                masked,
                                handed("CI_JOB_TOKEN", "$(id) id", HandedValue.Use.MASKED)));

        for (int i = 0; i < others.size(); i++) {
            assertThat(refusal("shop-1" + i, others.get(i))).contains("approve shop-1" + i);
        }
        assertThat(admit("shop-2", bringing(variables, masked)))
                .isEqualTo(new Verdict.Admitted(POOL));
    }

    private static Map<String, String> with(Map<String, String> all, String name, String value) {
        Map<String, String> changed = new HashMap<>(all);
        changed.put(name, value);
        return changed;
    }

    @Test
    void approvalUnderAnotherPolicyIsWorthNothing() throws Exception {
        refusal("shop-1", job("make deploy"));
        approvals.approve(new JobId("shop-1"), "alex");
        JobSpec spec = job("make deploy");

        assertThat(
                        gate("e".repeat(64))
                                .admit(new JobId("shop-2"), spec, facts(spec), List.of())
                                .verdict())
                .isInstanceOfSatisfying(
                        Verdict.Refused.class,
                        refused -> assertThat(refused.reason()).contains("approve shop-2"));
    }

    @Test
    void approvalExpiresWithTheWish() throws Exception {
        refusal("shop-1", job("make deploy"));
        approvals.approve(new JobId("shop-1"), "alex");
        now = now.plus(Duration.ofHours(24));

        assertThat(refusal("shop-2", job("make deploy"))).contains("mayfly approve shop-2");
        assertThat(approvals.approve(new JobId("shop-1"), "alex"))
                .isEqualTo(SqliteApprovals.Effect.UNKNOWN);
    }

    @Test
    void jobThatIsRunAgainWhileItWaitsWaitsUnderItsFirstName() throws Exception {
        refusal("shop-1", job("make deploy"));

        assertThat(refusal("shop-2", job("make deploy"))).contains("mayfly approve shop-1");
        assertThat(approvals.open()).hasSize(1);
    }

    @Test
    void wishesAreBounded() throws Exception {
        for (int i = 0; i < SqliteApprovals.MOST_WAITING; i++) {
            refusal("shop-" + i, job("echo " + i));
        }

        assertThat(refusal("shop-last", job("echo last"))).contains("500 jobs wait");
        assertThat(approvals.open()).hasSize(SqliteApprovals.MOST_WAITING);
    }

    @Test
    void nobodyApprovesWhatIsNotHeld() {
        assertThat(approvals.approve(new JobId("shop-1"), "alex"))
                .isEqualTo(SqliteApprovals.Effect.UNKNOWN);
    }

    @Test
    void explanationSaysWhoSaysWhatAndWhichRulesApply() throws Exception {
        JobSpec spec = job("make", Map.of("TOKEN", "v4lue-of-a-variable"));
        admit("shop-1", spec);

        assertThat(decisions.explanation(new JobId("shop-1")).orElseThrow())
                .contains("verdict:  held", "policy:   " + POLICY)
                .containsSubsequence(
                        "facts of the server, set by it",
                        "server.project          group/demo",
                        "facts of the job, set by its author",
                        "job.variables           1, not shown",
                        "applies  hold  look-first",
                        "because somebody looks first",
                        "-        deny  no-latest")
                .doesNotContain("v4lue-of-a-variable");
        assertThat(decisions.policy(new JobId("shop-1"))).contains(POLICY);
        assertThat(decisions.explanation(new JobId("shop-9"))).isEmpty();
    }

    @Test
    void nameOfAJobWritesNoLinesOfItsOwn() throws Exception {
        JobSpec evil = named("x\nverdict:  admitted\u001b[2J");
        admit("shop-1", evil);

        assertThat(decisions.explanation(new JobId("shop-1")).orElseThrow().lines())
                .noneMatch(line -> line.startsWith("verdict:  admitted"))
                .noneMatch(line -> line.contains("\u001b"));
    }

    @Test
    void jobWhoseTokenIsNotGoodIsRefusedBeforeAnyRuleIsAsked() throws Exception {
        Gate gate =
                new Gate(
                        (_, _) -> new IdentityCheck.Result.Refused("its token is not good"),
                        (_, _) -> {
                            throw new AssertionError("a rule was asked");
                        },
                        approvals,
                        HIDING,
                        DecisionLog.NONE);
        JobSpec spec = job("make");

        assertThat(gate.admit(new JobId("shop-1"), spec, facts(spec), List.of()).verdict())
                .isEqualTo(new Verdict.Refused("its token is not good"));
    }

    @Test
    void ofTwoJobsThatComeAtOnceOneUsesTheApproval() throws Exception {
        refusal("shop-1", job("make deploy"));
        approvals.approve(new JobId("shop-1"), "alex");

        List<Verdict> verdicts =
                IntStream.range(2, 10)
                        .parallel()
                        .mapToObj(i -> {
                            try {
                                return admit("shop-" + i, job("make deploy"));
                            } catch (InterruptedException e) {
                                throw new IllegalStateException(e);
                            }
                        })
                        .toList();

        assertThat(verdicts.stream().filter(Verdict.Admitted.class::isInstance)).hasSize(1);
    }

    private Verdict admit(String id, JobSpec spec) throws InterruptedException {
        return gate(POLICY).admit(new JobId(id), spec, facts(spec), List.of()).verdict();
    }

    private String refusal(String id, JobSpec spec) throws InterruptedException {
        return ((Verdict.Refused) admit(id, spec)).reason();
    }

    private Gate gate(String policy) {
        return new Gate(
                IdentityCheck.NONE,
                (_, _) ->
                        new Decision(
                                HELD,
                                policy,
                                List.of(
                                        new Finding(
                                                "look-first",
                                                Effect.HOLD,
                                                true,
                                                true,
                                                "somebody looks first",
                                                List.of("server.fork")),
                                        new Finding(
                                                "no-latest",
                                                Effect.DENY,
                                                false,
                                                true,
                                                "images need a fixed tag",
                                                List.of("job.image")))),
                approvals,
                HIDING,
                decisions);
    }

    private static Facts facts(JobSpec spec) {
        return facts(spec, "a".repeat(40));
    }

    private static Facts facts(JobSpec spec, String commit) {
        return new Facts(
                new Facts.Trusted(
                        new RegistrationFacts("shop", "https://gitlab.example.com", false),
                        new ServerFacts(
                                new ServerFacts.Project("7", "group/demo"),
                                new ServerFacts.Ref(
                                        "main", ServerFacts.RefKind.BRANCH, true, commit),
                                false,
                                new ServerFacts.Run("1", "55", "12")),
                        VerifiedClaims.NONE),
                SettableFacts.of(spec));
    }

    private static JobSpec job(String script) {
        return job(script, Map.of());
    }

    private static JobSpec job(String script, Map<String, String> variables) {
        return spec("deploy", script, variables);
    }

    private static JobSpec doing(Steps own, List<String> setup, List<Steps.Further> further) {
        JobSpec spec = job("make deploy");
        return new JobSpec(
                spec.name(),
                spec.pool(),
                new Steps(
                        setup,
                        own.script(),
                        further,
                        own.afterScript(),
                        own.limits(),
                        own.afterScriptCounts()),
                spec.environment(),
                spec.inputs(),
                spec.artifacts());
    }

    /** People mask parts of addresses, such as the number of an account. */
    @Test
    void maskedValueInTheNameOfAnImageIsNeitherKeptNorShown() throws Exception {
        String canary = "c4n4ry-4cc0unt-number";
        JobSpec plain = named("build " + canary);
        JobSpec spec =
                new JobSpec(
                        plain.name(),
                        plain.pool(),
                        plain.steps(),
                        new JobEnvironment(
                                new ImageSpec(
                                        "x".repeat(990) + "." + canary + ".example.com/app",
                                        List.of()),
                                List.of(),
                                NetworkAccess.NONE,
                                ResourceRequest.NONE),
                        plain.inputs(),
                        plain.artifacts());
        Decision held =
                new Decision(
                        new Verdict.Held(POOL, "image of " + canary),
                        POLICY,
                        List.of(
                                new Finding(
                                        "look-first",
                                        Effect.HOLD,
                                        true,
                                        true,
                                        "job.image is " + canary,
                                        List.of("job.image"))));
        new Gate(IdentityCheck.NONE, (_, _) -> held, approvals, HIDING, decisions)
                .admit(
                        new JobId("shop-1"),
                        spec,
                        facts(spec),
                        List.of(
                                new HandedValue(
                                        "ACCOUNT",
                                        new SecretValue(canary.getBytes(UTF_8)),
                                        Set.of(HandedValue.Use.MASKED))));

        assertThat(decisions.explanation(new JobId("shop-1")).orElseThrow())
                .contains("job.image", "[MASKED]", "job.image is [MASKED]")
                .doesNotContain(canary.substring(0, 6));
        assertThat(approvals.open()).hasSize(1);
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                assertThat(new String(Files.readAllBytes(file), ISO_8859_1))
                        .as(file.toString())
                        .doesNotContain(canary.substring(0, 6));
            }
        }
    }

    private static JobSpec named(String name) {
        return spec(name, "make", Map.of());
    }

    private static JobSpec spec(String name, String script, Map<String, String> variables) {
        return new JobSpec(
                name,
                POOL,
                new Steps(List.of(script), List.of(), (Duration) null),
                new JobEnvironment(
                        new ImageSpec("debian:bookworm", List.of()),
                        List.of(),
                        NetworkAccess.NONE,
                        ResourceRequest.NONE),
                new Inputs(variables, List.of(), new WorkspaceSource.Empty()),
                List.of());
    }
}
