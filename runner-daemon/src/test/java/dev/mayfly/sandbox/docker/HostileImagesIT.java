package dev.mayfly.sandbox.docker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.github.dockerjava.api.command.InspectContainerResponse;
import com.github.dockerjava.api.model.Bind;
import com.github.dockerjava.api.model.HostConfig;
import dev.mayfly.job.Fault;
import dev.mayfly.job.FaultException;
import dev.mayfly.job.ImageSpec;
import dev.mayfly.job.LifeId;
import dev.mayfly.job.NetworkAccess;
import dev.mayfly.job.OwnedResource;
import dev.mayfly.job.Receipt;
import dev.mayfly.job.ServiceSpec;
import dev.mayfly.sandbox.Sandbox;
import dev.mayfly.sandbox.SandboxSpec;
import dev.mayfly.sandbox.Step;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * What an image's configuration and files might try, since a job chooses its image. Needs an engine
 * on this host, the agent image and a static busybox.
 */
@Timeout(180)
class HostileImagesIT {

    private static final Fixture FIXTURE = new Fixture();
    private static final String SECRET = "canary-of-the-image-attack";

    @AfterEach
    void nothingIsLeft() throws InterruptedException {
        FIXTURE.assertNothingLeft();
    }

    @AfterAll
    static void close() throws InterruptedException {
        FIXTURE.close();
    }

    private static SandboxSpec of(String image) {
        return Fixture.with(FIXTURE.spec(), image);
    }

    private static Step withSecret(String... lines) {
        return new Step(
                "script",
                Step.Place.JOB,
                new Step.Program.Shell(List.of(lines)),
                Map.of(),
                List.of(Fixture.file("token", SECRET)),
                null);
    }

    /** Volumes that the engine made for the image of a container of the job. */
    private static List<OwnedResource> volumesOfTheImage(SandboxSpec spec)
            throws InterruptedException {
        InspectContainerResponse job = FIXTURE.inspect(spec.job(), Role.JOB);
        return Objects.requireNonNull(job.getMounts()).stream()
                .map(InspectContainerResponse.Mount::getName)
                .filter(name -> name != null && !name.startsWith("mayfly-"))
                .map(name -> new OwnedResource(OwnedResource.Kind.VOLUME, name))
                .toList();
    }

    // -- places

    @Test
    void volumesThatTheImageDeclaresTakeNoPlaceOfMayflysAndGoWithTheJob()
            throws InterruptedException {
        String image =
                FIXTURE.images.bash(
                        "volumes",
                        "USER root",
                        "RUN mkdir -p /run/secrets /var/data && echo planted >/run/secrets/planted && echo planted >/workspace/planted",
                        "VOLUME [\"/run\", \"/run/secrets\", \"/run/mayfly\", \"/tmp\", \"/workspace\", \"/opt\", \"/opt/mayfly\", \"/var/data\"]",
                        "USER job");
        SandboxSpec spec = of(image);
        Sandbox sandbox = FIXTURE.create(spec);
        List<Receipt.Disposal> disposals;
        List<OwnedResource> ofImage;
        try {
            ofImage = volumesOfTheImage(spec);
            assertThat(ofImage).isNotEmpty();

            String said =
                    Fixture.run(
                                    sandbox,
                                    withSecret(
                                            "cat /run/secrets/token; echo; ls /run/secrets",
                                            "for at in /run/secrets /run/mayfly /tmp; do findmnt -no TARGET,FSTYPE $at; done",
                                            "ls -A /workspace; echo still; cat /proc/1/comm"))
                            .output();

            assertThat(said)
                    .startsWith(SECRET + "\ntoken\n")
                    .containsPattern("/run/secrets +tmpfs\n/run/mayfly +tmpfs\n/tmp +tmpfs\n")
                    .endsWith("home\nsrc\nstill\nmayfly-agent\n")
                    .doesNotContain("planted");
        } finally {
            disposals = FIXTURE.destroy(spec.job());
        }
        assertThat(disposals).extracting(Receipt.Disposal::resource).containsAll(ofImage);
        for (OwnedResource volume : ofImage) {
            assertThat(
                            FIXTURE.engine.find(
                                    "inspecting", c -> c.inspectVolumeCmd(volume.name()).exec()))
                    .as("volume %s of the image", volume.name())
                    .isEmpty();
        }
    }

    /** A volume is found by its path's text, and mounted where the path leads to. */
    @Test
    void volumeBehindALinkDoesNotBringASecretToADisk() throws InterruptedException {
        String image =
                FIXTURE.images.bash(
                        "covered",
                        "USER root",
                        "RUN mkdir -p /run/secrets && chmod 777 /run/secrets && readlink /var/run",
                        "VOLUME [\"/var/run/secrets\"]",
                        "USER job");
        SandboxSpec spec = of(image);
        Sandbox sandbox = FIXTURE.create(spec);
        try {
            assertThatThrownBy(() -> Fixture.run(sandbox, withSecret("cat /run/secrets/token >&2")))
                    .isInstanceOf(FaultException.class)
                    .hasMessageContaining("/run/secrets is not in memory")
                    .hasMessageContaining("VOLUME")
                    .hasMessageNotContaining(SECRET)
                    .extracting(e -> ((FaultException) e).fault())
                    .isEqualTo(Fault.IMAGE);
        } finally {
            FIXTURE.destroy(spec.job());
        }
    }

    @Test
    void imageCannotPutAProgramOfItsOwnInThePlaceOfTheAgent() throws InterruptedException {
        String image =
                FIXTURE.images.bash(
                        "agent",
                        "USER root",
                        "RUN mkdir -p /mnt/a && ln -s /opt /mnt/a/b && rm -rf /opt/mayfly && mkdir /opt/mayfly && cp /usr/bin/env /opt/mayfly/mayfly-agent",
                        "VOLUME [\"/mnt/a/b/mayfly\"]",
                        "USER job");
        SandboxSpec spec = of(image);
        Sandbox sandbox = FIXTURE.create(spec);
        try {
            assertThat(
                            Fixture.run(
                                            sandbox,
                                            "cmp /opt/mayfly/mayfly-agent /usr/bin/env && echo covered",
                                            "cat /proc/1/comm; readlink /proc/1/exe 2>&1 || true")
                                    .output())
                    .as("the trick works, and does not matter")
                    .startsWith("covered\nmayfly-agent\n");
        } finally {
            FIXTURE.destroy(spec.job());
        }
    }

    @Test
    void volumeInsideTheKernelsFilesFailsTheJobOnly() throws InterruptedException {
        String image = FIXTURE.images.busybox("proc", "VOLUME [\"/proc/sys\"]");
        SandboxSpec spec = of(image);
        try {
            assertThatThrownBy(() -> FIXTURE.create(spec))
                    .isInstanceOf(FaultException.class)
                    .hasMessageContaining("cannot be mounted because it is inside /proc");
        } finally {
            FIXTURE.destroy(spec.job());
        }
    }

    // -- configuration

    @Test
    void variablesOfTheImageTakeOverNeitherTheAgentNorTheHelper() throws InterruptedException {
        String image =
                FIXTURE.images.bash(
                        "variables",
                        "USER root",
                        "RUN printf 'echo taken over by BASH_ENV\\n' >/evil.sh && printf '#!/bin/sh\\necho taken over by PATH\\n' >/evil-git && mkdir /evil && mv /evil-git /evil/git && chmod 755 /evil/git /evil.sh && cp /evil.sh /evil.so",
                        "ENV LD_PRELOAD=/evil.so LD_LIBRARY_PATH=/evil BASH_ENV=/evil.sh ENV=/evil.sh PATH=/evil:/usr/bin:/bin GIT_EXEC_PATH=/evil GLIBC_TUNABLES=glibc.malloc.check=3",
                        "USER job");
        SandboxSpec spec = Fixture.with(of(image), SandboxSpec.Checkout.OFFLINE);
        Sandbox sandbox = FIXTURE.create(spec);
        try {
            Fixture.Result helper =
                    Fixture.run(sandbox, Fixture.inHelper("git --version; env | cut -d= -f1"));
            assertThat(helper.output())
                    .startsWith("git version")
                    .doesNotContain("taken over", "LD_PRELOAD", "BASH_ENV", "GIT_EXEC_PATH");

            Fixture.Result job =
                    Fixture.run(
                            sandbox,
                            withSecret("cat /run/secrets/token; echo; cat /proc/1/comm; git"));
            assertThat(job.output())
                    .as("they are the job's own affair")
                    .contains("taken over by PATH", SECRET, "mayfly-agent");
        } finally {
            FIXTURE.destroy(spec.job());
        }
    }

    @Test
    void whatTheImageWantsToRunAndHowItWantsToEndIsNotHeard() throws InterruptedException {
        String image =
                FIXTURE.images.busybox(
                        "config",
                        "ENTRYPOINT [\"/bin/sh\", \"-c\", \"echo taken over by ENTRYPOINT\"]",
                        "CMD [\"--deadline\", \"1\"]",
                        "HEALTHCHECK --interval=1s CMD touch /tmp/checked",
                        "ONBUILD RUN exit 1",
                        "STOPSIGNAL SIGCONT",
                        "SHELL [\"/bin/false\"]",
                        "WORKDIR /nowhere/to/go",
                        "EXPOSE 22/tcp 65535/udp");
        SandboxSpec spec = of(image);
        Sandbox sandbox = FIXTURE.create(spec);
        try {
            InspectContainerResponse shown = FIXTURE.inspect(spec.job(), Role.JOB);
            assertThat(shown.getConfig().getEntrypoint())
                    .singleElement()
                    .asString()
                    .endsWith("/mayfly-agent");
            assertThat(shown.getConfig().getCmd()).startsWith("--deadline").doesNotContain("1");
            assertThat(Objects.requireNonNull(shown.getConfig().getHealthcheck()).getTest())
                    .last()
                    .isEqualTo("--health");
            assertThat(shown.getNetworkSettings().getPorts().getBindings().values())
                    .allMatch(bindings -> bindings == null || bindings.length == 0);
            assertThat(Fixture.run(sandbox, "pwd; ls /tmp").output()).isEqualTo("/workspace/src\n");
        } finally {
            FIXTURE.destroy(spec.job());
        }
    }

    @ParameterizedTest
    @CsvSource({"60000, 0", "3, 60000"})
    void userOfManyCharactersIsRefusedInFew(int name, int group) {
        SandboxSpec plain = of(plain());
        String user = "u".repeat(name) + (group == 0 ? "" : ":" + "9".repeat(group));
        SandboxSpec spec =
                new SandboxSpec(
                        plain.job(),
                        plain.pool(),
                        new ImageSpec(plain.image().reference(), null, user, List.of()),
                        plain.services(),
                        plain.registries(),
                        plain.network(),
                        plain.checkout(),
                        plain.directory(),
                        plain.limits(),
                        Fixture.AS_IMAGE);
        try {
            assertThatThrownBy(() -> FIXTURE.create(spec))
                    .isInstanceOf(FaultException.class)
                    .satisfies(e -> assertThat(e.getMessage()).hasSizeLessThan(2000))
                    .extracting(e -> ((FaultException) e).fault())
                    .isEqualTo(Fault.IMAGE);
        } finally {
            destroyed(spec);
        }
    }

    private static String plain() {
        try {
            return FIXTURE.images.busybox("plain");
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private static void destroyed(SandboxSpec spec) {
        try {
            FIXTURE.destroy(spec.job());
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    // -- labels

    @Test
    void labelsOfTheImageHideNoContainerFromTheSweep() throws InterruptedException {
        String image =
                FIXTURE.images.busybox(
                        "hiding",
                        "LABEL dev.mayfly.daemon=another dev.mayfly.life=life-2 dev.mayfly.job=nobodys dev.mayfly.pool=release dev.mayfly.role=relay",
                        "CMD [\"sleep\", \"600\"]");
        ServiceSpec service = new ServiceSpec(image, "db", List.of(), Map.of());
        SandboxSpec spec = Fixture.with(of(image), NetworkAccess.NONE, service);
        FIXTURE.create(spec);
        try {
            for (String container :
                    List.of(Role.JOB.nameFor(spec.job()), Role.SERVICE.nameFor(spec.job(), 0))) {
                assertThat(FIXTURE.inspect(container).getConfig().getLabels())
                        .containsEntry(Labels.DAEMON, FIXTURE.daemon)
                        .containsEntry(Labels.JOB, spec.job().value())
                        .containsEntry(Labels.POOL, "untrusted");
            }
            DockerSandboxBackend next = FIXTURE.backend(new LifeId("life-2"));
            assertThat(next.abandoned(Set.of(new LifeId("life-2"))).jobs()).contains(spec.job());
        } finally {
            FIXTURE.destroy(spec.job());
        }
        assertThat(FIXTURE.leftovers()).isEmpty();
    }

    /** What somebody starts by hand from an image has the image's labels, and data of his own. */
    @Test
    void labelsOfTheImageMakeTheSweepRemoveNothingThatIsSomebodyElses()
            throws InterruptedException {
        SandboxSpec victim = of(plain());
        String image =
                FIXTURE.images.busybox(
                        "claiming",
                        "LABEL %s=%s %s=life-0 %s=%s %s=job"
                                .formatted(
                                        Labels.DAEMON,
                                        FIXTURE.daemon,
                                        Labels.LIFE,
                                        Labels.JOB,
                                        victim.job(),
                                        Labels.ROLE));
        String name = FIXTURE.daemon + "-by-hand";
        FIXTURE.engine.call(
                "creating by hand",
                c -> {
                    c.createVolumeCmd()
                            .withName(name)
                            .withLabels(Map.of("dev.mayfly.test", "by hand"))
                            .exec();
                    return c.createContainerCmd(image)
                            .withName(name)
                            .withCmd("true")
                            .withHostConfig(
                                    HostConfig.newHostConfig()
                                            .withBinds(Bind.parse(name + ":/data")))
                            .exec();
                });
        try {
            assertThat(FIXTURE.inspect(name).getConfig().getLabels())
                    .as("the engine gives a container its image's labels")
                    .containsEntry(Labels.JOB, victim.job().value());
            assertThat(FIXTURE.backend.abandoned(Set.of()).jobs()).doesNotContain(victim.job());
            FIXTURE.create(victim);
            assertThat(FIXTURE.destroy(victim.job()))
                    .extracting(disposal -> disposal.resource().name())
                    .doesNotContain(name);
            assertThat(FIXTURE.inspect(name).getName()).isEqualTo("/" + name);
        } finally {
            FIXTURE.engine.call(
                    "removing by hand",
                    c -> {
                        c.removeContainerCmd(name).withForce(true).exec();
                        c.removeVolumeCmd(name).exec();
                        return name;
                    });
        }
    }
}
