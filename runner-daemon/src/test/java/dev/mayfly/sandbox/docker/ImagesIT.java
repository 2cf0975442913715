package dev.mayfly.sandbox.docker;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mayfly.job.Cancellation;
import dev.mayfly.job.Fault;
import dev.mayfly.job.FaultException;
import dev.mayfly.job.ImageSpec;
import dev.mayfly.job.SecretValue;
import dev.mayfly.sandbox.Hardening;
import dev.mayfly.sandbox.Sandbox;
import dev.mayfly.sandbox.SandboxSpec;
import dev.mayfly.sandbox.SandboxSpec.Checkout;
import dev.mayfly.sandbox.Step;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Images of every shape. Needs an engine, the agent image and a static busybox. */
@Timeout(120)
class ImagesIT {

    private static final Fixture FIXTURE = new Fixture();
    private static final String WHO =
            "id -u; pwd; echo $HOME; touch f $HOME/f; stat -c '%u %a' /workspace/src; readlink /proc/$$/exe";

    @AfterEach
    void nothingIsLeft() throws InterruptedException {
        FIXTURE.assertNothingLeft();
    }

    @AfterAll
    static void close() throws InterruptedException {
        FIXTURE.close();
    }

    private static String output(SandboxSpec spec, Step step) throws InterruptedException {
        try {
            return Fixture.run(FIXTURE.create(spec), step).output();
        } finally {
            FIXTURE.destroy(spec.job());
        }
    }

    private static String output(SandboxSpec spec, String... lines) throws InterruptedException {
        return output(spec, Fixture.shell(lines));
    }

    @Test
    void bashIsPreferred() throws InterruptedException {
        String image = FIXTURE.images.bash("bash", "USER 0");
        SandboxSpec spec = Fixture.with(Fixture.with(FIXTURE.spec(), image), Fixture.AS_IMAGE);
        assertThat(output(spec, "echo ${BASH_VERSION:+bash}")).isEqualTo("bash\n");
    }

    @Test
    void plainShellOfBusyboxIsEnough() throws InterruptedException {
        String image = FIXTURE.images.busybox("plain");
        SandboxSpec spec = Fixture.with(Fixture.with(FIXTURE.spec(), image), Fixture.AS_IMAGE);
        assertThat(output(spec, WHO.replace("readlink", "busybox readlink")))
                .isEqualTo("0\n/workspace/src\n/workspace/home\n0 755\n/bin/busybox\n");
    }

    @Test
    void valuesAreMaskedInAnImageThatHasNeitherToolsNorLibraries() throws InterruptedException {
        String image = FIXTURE.images.busybox("masking", "USER builder");
        SandboxSpec spec = Fixture.with(FIXTURE.spec(), image);
        List<String> masked = new ArrayList<>();
        Sandbox.Output output =
                new Sandbox.Output() {
                    @Override
                    public void write(byte[] bytes, int offset, int length) {
                        masked.add("printed " + new String(bytes, offset, length, UTF_8).strip());
                    }

                    @Override
                    public Optional<String> mask(String name, SecretValue value) {
                        masked.add(name + "=" + new String(value.reveal(), UTF_8));
                        return name.equals("SHORT") ? Optional.of("too short") : Optional.empty();
                    }
                };
        try {
            FIXTURE.create(spec)
                    .run(
                            Fixture.shell(
                                    "echo some-value | mayfly-mask --name TOKEN && echo masked",
                                    "echo abc | mayfly-mask --name SHORT || echo not"),
                            output,
                            Duration.ofSeconds(30),
                            new Cancellation());
        } finally {
            FIXTURE.destroy(spec.job());
        }
        assertThat(String.join("|", masked))
                .isEqualTo(
                        "TOKEN=some-value\n|printed masked|SHORT=abc\n"
                                + "|printed mayfly-mask: not masked: too short|printed not");
    }

    @Test
    void outputThatNobodyMasksRefusesEachValue() throws InterruptedException {
        assertThat(output(FIXTURE.spec(), "echo some-value | mayfly-mask || echo code $?"))
                .isEqualTo(
                        "mayfly-mask: not masked: the output of this step is not masked\ncode 1\n");
    }

    @Test
    void helperHasNoMaskingChannel() throws InterruptedException {
        assertThat(
                        output(
                                Fixture.with(FIXTURE.spec(), Checkout.OFFLINE),
                                Fixture.inHelper("echo some-value | mayfly-mask || echo code $?")))
                .contains("only script and after_script")
                .endsWith("code 69\n");
    }

    @Test
    void rootImageBecomesAnOrdinaryUsersWhereThePoolDemandsIt() throws InterruptedException {
        String image = FIXTURE.images.busybox("demoted");
        assertThat(
                        output(
                                Fixture.with(FIXTURE.spec(), image),
                                WHO.replace("readlink", "busybox readlink")))
                .isEqualTo("1000\n/workspace/src\n/workspace/home\n1000 755\n/bin/busybox\n");
    }

    @Test
    void userByNumberOwnsItsWorkspace() throws InterruptedException {
        String image = FIXTURE.images.busybox("number", "USER 4321:4322");
        assertThat(
                        output(
                                Fixture.with(FIXTURE.spec(), image),
                                WHO.replace("readlink", "busybox readlink")))
                .isEqualTo("4321\n/workspace/src\n/workspace/home\n4321 755\n/bin/busybox\n");
    }

    @Test
    void userByNameOwnsItsWorkspace() throws InterruptedException {
        String image = FIXTURE.images.busybox("name", "USER builder");
        assertThat(
                        output(
                                Fixture.with(FIXTURE.spec(), image),
                                WHO.replace("readlink", "busybox readlink")))
                .isEqualTo("1234\n/workspace/src\n/workspace/home\n1234 755\n/bin/busybox\n");
    }

    /** The agent's own image too, whose user the workspace is made for. */
    @ParameterizedTest
    @CsvSource({"agent, 4321", "agent, 4321:4322", "bash, 4321", "busybox, 4321"})
    void userThatTheJobChoosesOwnsItsWorkspaceWithoutSources(String image, String user)
            throws InterruptedException {
        String reference =
                switch (image) {
                    case "agent" -> Fixture.AGENT_IMAGE;
                    case "bash" -> FIXTURE.images.bash("chosen", "USER job");
                    default -> FIXTURE.images.busybox("chosen", "USER builder");
                };
        SandboxSpec spec = as(Fixture.with(FIXTURE.spec(), Fixture.AS_IMAGE), reference, user);

        assertThat(output(spec, "id -u", "pwd", "touch f $HOME/f", "stat -c %u /workspace/src"))
                .isEqualTo("4321\n/workspace/src\n4321\n");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "nobodyhere|has no user \"nobodyhere\" in its /etc/passwd",
                "builder:nogroup|has no group \"nogroup\" in its /etc/group",
                "builder:builder:x|is more than a user and a group",
                "4294967296|as user \"4294967296\", and numbers"
            })
    void userThatTheImageDoesNotHaveIsTheJobsMistake(String user, String words)
            throws InterruptedException {
        String image = FIXTURE.images.busybox("plain");
        SandboxSpec spec = as(Fixture.with(FIXTURE.spec(), Fixture.AS_IMAGE), image, user);

        assertThatThrownBy(() -> output(spec, "id"))
                .isInstanceOf(FaultException.class)
                .hasMessageContaining(words)
                .extracting(e -> ((FaultException) e).fault())
                .isEqualTo(Fault.IMAGE);
    }

    /** The engine gives a tmpfs over a directory that the image has that directory's mode. */
    @ParameterizedTest
    @CsvSource({"/run/secrets, builder", "/run/mayfly, builder:builder", "/run/secrets, ''"})
    void namedUserGetsItsFilesWhereTheImageHasTheirDirectory(String place, String chosen)
            throws InterruptedException {
        String image =
                FIXTURE.images.busybox(
                        "has-" + place.substring("/run/".length()),
                        "RUN [\"mkdir\", \"-p\", \"%s\"]".formatted(place),
                        "USER builder");
        for (String which : List.of("first", "later")) {
            SandboxSpec spec = Fixture.with(FIXTURE.spec(), Fixture.AS_IMAGE);
            assertThat(
                            output(
                                    as(spec, image, chosen.isEmpty() ? null : chosen),
                                    "id -u",
                                    "stat -c %u " + place))
                    .as(which)
                    .isEqualTo("1234\n1234\n");
        }
    }

    private static SandboxSpec as(SandboxSpec s, String image, @Nullable String user) {
        return new SandboxSpec(
                s.job(),
                s.pool(),
                new ImageSpec(image, List.of(), user, List.of()),
                s.services(),
                s.registries(),
                s.network(),
                s.checkout(),
                s.directory(),
                s.limits(),
                s.hardening());
    }

    @Test
    void homeIsTheImagesWhereItCanBeWritten() throws InterruptedException {
        String image =
                FIXTURE.images.busybox(
                        "homely",
                        "RUN [\"sh\", \"-c\", \"mkdir /root; echo kept > /root/.settings; echo root:x:0:0::/root:/bin/sh > /etc/passwd\"]");
        SandboxSpec writable = Fixture.with(Fixture.with(FIXTURE.spec(), image), Fixture.AS_IMAGE);
        SandboxSpec readOnly =
                Fixture.with(
                        Fixture.with(FIXTURE.spec(), image),
                        new Hardening(true, Hardening.User.IMAGE, ""));
        SandboxSpec ordinary =
                Fixture.with(
                        Fixture.with(FIXTURE.spec(), image),
                        new Hardening(false, Hardening.User.NON_ROOT, ""));

        assertThat(output(writable, "echo $HOME; cat ~/.settings; touch ~/f"))
                .isEqualTo("/root\nkept\n");
        assertThat(output(readOnly, "echo $HOME; touch ~/f")).isEqualTo("/workspace/home\n");
        assertThat(output(ordinary, "touch ~/f; test $HOME != /root && echo elsewhere"))
                .isEqualTo("elsewhere\n");
        SandboxSpec chosen = Fixture.with(Fixture.with(FIXTURE.spec(), image), Fixture.AS_IMAGE);
        assertThat(output(chosen, Fixture.shell(Map.of("HOME", "/tmp"), "echo $HOME")))
                .as("of a variable of the job")
                .isEqualTo("/tmp\n");
    }

    @Test
    void homeThatTheImageNamesIsUsedToo() throws InterruptedException {
        String image =
                FIXTURE.images.busybox(
                        "env-home", "RUN [\"mkdir\", \"-p\", \"/opt/home\"]", "ENV HOME=/opt/home");
        SandboxSpec spec = Fixture.with(Fixture.with(FIXTURE.spec(), image), Fixture.AS_IMAGE);

        assertThat(output(spec, "echo $HOME; touch $HOME/f")).isEqualTo("/opt/home\n");
    }

    @Test
    void userByNameThatIsRootIsRefusedWhereThePoolWantsNoRoot() throws InterruptedException {
        String image =
                FIXTURE.images.busybox(
                        "toor",
                        "RUN [\"sh\", \"-c\", \"echo toor:x:0:0::/:/bin/sh >> /etc/passwd\"]",
                        "USER toor");
        SandboxSpec spec = Fixture.with(FIXTURE.spec(), image);
        assertThatThrownBy(() -> output(spec, "id"))
                .isInstanceOf(FaultException.class)
                .hasMessageContaining("names a user that is root")
                .extracting(e -> ((FaultException) e).fault())
                .isEqualTo(Fault.IMAGE);
        SandboxSpec asImage = Fixture.with(Fixture.with(FIXTURE.spec(), image), Fixture.AS_IMAGE);
        assertThat(output(asImage, "id -u", "touch f", "grep CapEff /proc/self/status"))
                .as("root by name has no capabilities, and still its workspace")
                .isEqualTo("0\nCapEff:\t0000000000000000\n");
    }

    @Test
    void entrypointOfTheImageIsNotUsedButThatOfTheJobIs() throws InterruptedException {
        String image =
                FIXTURE.images.busybox(
                        "entry", "ENTRYPOINT [\"/bin/sh\", \"-c\", \"echo image entrypoint\"]");
        assertThat(output(Fixture.with(FIXTURE.spec(), image), "echo script"))
                .isEqualTo("script\n");
        assertThat(
                        output(
                                Fixture.with(FIXTURE.spec(), image, "env", "FROM=entrypoint"),
                                "echo $FROM"))
                .isEqualTo("entrypoint\n");
    }

    @Test
    void entrypointOfTheJobDoesNotReachTheHelper() throws InterruptedException {
        SandboxSpec spec =
                Fixture.with(
                        Fixture.with(
                                FIXTURE.spec(),
                                Fixture.AGENT_IMAGE,
                                "/bin/sh",
                                "-c",
                                "echo intruder in $(hostname)"),
                        SandboxSpec.Checkout.OFFLINE);
        Step checkout =
                new Step(
                        "checkout",
                        Step.Place.HELPER,
                        new Step.Program.Shell(List.of("echo checkout in $(hostname)")),
                        Map.of(),
                        List.of(),
                        null);
        assertThat(output(spec, checkout)).isEqualTo("checkout in helper\n");
    }

    @Test
    void imageWithoutAShellIsAnImageFaultWithTheCure() throws InterruptedException {
        String image = FIXTURE.images.shellless("bare");
        SandboxSpec spec = Fixture.with(FIXTURE.spec(), image);
        assertThatThrownBy(() -> output(spec, "true"))
                .isInstanceOf(FaultException.class)
                .hasMessageContaining("neither bash nor sh")
                .hasMessageContaining("use an image with a shell")
                .extracting(e -> ((FaultException) e).fault())
                .isEqualTo(Fault.IMAGE);
    }

    @Test
    void imageOfARegistryThatDoesNotAnswerIsARegistryFaultWithTheCure() {
        SandboxSpec spec = Fixture.with(FIXTURE.spec(), "localhost:1/no/such/image:1");
        assertThatThrownBy(() -> FIXTURE.create(spec))
                .isInstanceOf(FaultException.class)
                .hasMessageContaining("image localhost:1/no/such/image:1 could not be pulled")
                .hasMessageContaining("the registry cannot be reached")
                .hasMessageContaining("docker load")
                .extracting(e -> ((FaultException) e).fault())
                .isEqualTo(Fault.REGISTRY);
        assertThat(FIXTURE.intents.intended(spec.job())).isEmpty();
    }

    @Test
    void noticeTellsWhichBytesRun() throws InterruptedException {
        SandboxSpec spec = FIXTURE.spec();
        output(spec, "true");
        assertThat(FIXTURE.notices)
                .anyMatch(n -> n.startsWith("image " + Fixture.AGENT_IMAGE + " is sha256:"));
    }

    @Test
    void contentOfTheImageAtTheWorkspaceDoesNotLeakIn() throws InterruptedException {
        String image =
                FIXTURE.images.busybox(
                        "stale",
                        "RUN [\"sh\", \"-c\", \"mkdir -p /workspace/src && touch /workspace/src/stale\"]");
        assertThat(output(Fixture.with(FIXTURE.spec(), image), "ls")).isEmpty();
    }

    @Test
    void helperFillsTheWorkspaceAsTheJobsUser() throws InterruptedException {
        String image = FIXTURE.images.busybox("filled", "USER 4321:4322");
        SandboxSpec spec = Fixture.with(Fixture.with(FIXTURE.spec(), image), Checkout.OFFLINE);
        Sandbox sandbox = FIXTURE.create(spec);
        try {
            assertThat(
                            Fixture.run(
                                            sandbox,
                                            Fixture.inHelper(
                                                    "id -u; pwd; git init -q .; echo hi > file; grep CapEff /proc/self/status"))
                                    .output())
                    .isEqualTo("4321\n/workspace/src\nCapEff:\t0000000000000000\n");
            assertThat(
                            Fixture.run(
                                            sandbox,
                                            Fixture.inHelper("git status --short; touch $HOME/x"))
                                    .output())
                    .isEqualTo("?? file\n");
            sandbox.endCheckout();
            assertThat(FIXTURE.leftovers()).noneMatch(l -> l.contains("helper"));
            assertThat(
                            Fixture.run(sandbox, "cat file; echo more >> file; stat -c %u:%g file")
                                    .output())
                    .isEqualTo("hi\n4321:4322\n");
            assertThatThrownBy(() -> Fixture.run(sandbox, Fixture.inHelper("true")))
                    .hasMessageContaining("has none or has ended it");
            sandbox.endCheckout();
        } finally {
            FIXTURE.destroy(spec.job());
        }
    }

    @Test
    void helperFillsTheWorkspaceOfRoot() throws InterruptedException {
        String image = FIXTURE.images.busybox("rootfilled");
        SandboxSpec spec =
                Fixture.with(
                        Fixture.with(Fixture.with(FIXTURE.spec(), image), Fixture.AS_IMAGE),
                        Checkout.OFFLINE);
        Sandbox sandbox = FIXTURE.create(spec);
        try {
            Fixture.run(sandbox, Fixture.inHelper("git init -q .; echo hi > file"));
            sandbox.endCheckout();
            assertThat(Fixture.run(sandbox, "cat file; stat -c %u:%g file").output())
                    .isEqualTo("hi\n0:0\n");
        } finally {
            FIXTURE.destroy(spec.job());
        }
    }

    @Test
    void programWithoutAShellRunsInAnImageWithoutOne() throws InterruptedException {
        String image = FIXTURE.images.shellless("program");
        Step step =
                new Step(
                        "program",
                        Step.Place.JOB,
                        new Step.Program.Command(List.of("true")),
                        Map.of(),
                        List.of(),
                        null);
        assertThat(output(Fixture.with(FIXTURE.spec(), image), step)).isEmpty();
    }
}
