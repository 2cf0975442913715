package dev.mayfly.sandbox.docker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.github.dockerjava.api.model.Capability;
import com.github.dockerjava.api.model.HostConfig;
import com.github.dockerjava.api.model.LogConfig;
import com.github.dockerjava.api.model.Mount;
import com.github.dockerjava.api.model.RestartPolicy;
import com.github.dockerjava.api.model.Ulimit;
import dev.mayfly.job.FaultException;
import dev.mayfly.job.ImageSpec;
import dev.mayfly.job.JobId;
import dev.mayfly.job.NetworkAccess;
import dev.mayfly.job.Places;
import dev.mayfly.job.PoolName;
import dev.mayfly.job.ServiceSpec;
import dev.mayfly.sandbox.Hardening;
import dev.mayfly.sandbox.SandboxLimits;
import dev.mayfly.sandbox.SandboxSpec;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class ContainerRecipesTest {

    private static final EngineImage AGENT = image("sha256:agent", "1000:1000");
    private static final EngineImage ROOT = image("sha256:root", "");
    private static final EngineImage NAMED = image("sha256:named", "builder");
    private static final Hardening STRICT =
            new Hardening(true, Hardening.User.NON_ROOT, "{\"x\":1}");
    private static final Hardening LOOSE = new Hardening(false, Hardening.User.IMAGE, "");

    private static EngineImage image(String id, String user) {
        return new EngineImage(id, user, List.of(), List.of(), List.of());
    }

    private static ContainerRecipes recipes(Hardening hardening) {
        return new ContainerRecipes(
                new SandboxSpec(
                        new JobId("j1"),
                        new PoolName("untrusted"),
                        new ImageSpec("any", List.of()),
                        List.of(new ServiceSpec("db", "db", List.of(), Map.of())),
                        List.of(),
                        NetworkAccess.NONE,
                        SandboxSpec.Checkout.OFFLINE,
                        Places.SOURCES,
                        new SandboxLimits(256L << 20, 1.5, 100, 512, 64L << 20),
                        hardening),
                AGENT,
                true,
                new DeliveryOwners());
    }

    private static Stream<ContainerRecipe> all() {
        return Stream.of(STRICT, LOOSE)
                .map(ContainerRecipesTest::recipes)
                .flatMap(r ->
                        Stream.of(ROOT, NAMED, AGENT)
                                .flatMap(image ->
                                        Stream.of(
                                                r.job(image, new Networking.Open("n")),
                                                r.helper(new Networking.Disabled()),
                                                r.service(0, image, new Networking.Closed("n")))));
    }

    @Test
    void relayHasNothingOfTheJobAndNoRightsButAPort() {
        ContainerRecipe relay = recipes(LOOSE).relay("n");
        HostConfig host = relay.hostConfig();

        assertThat(relay.user()).isEqualTo("65534:65534");
        assertThat(host.getCapDrop()).containsExactly(Capability.ALL);
        assertThat(host.getCapAdd()).isNullOrEmpty();
        assertThat(host.getReadonlyRootfs()).isTrue();
        assertThat(given(host.getSecurityOpts())).contains("no-new-privileges");
        assertThat(host.getMounts()).isNullOrEmpty();
        assertThat(host.getBinds()).isNullOrEmpty();
        assertThat(host.getTmpFs()).isNullOrEmpty();
        assertThat(host.getNetworkMode()).isEqualTo("n");
        assertThat(host.getSysctls())
                .containsOnly(
                        Map.entry("net.ipv6.conf.all.disable_ipv6", "1"),
                        Map.entry("net.ipv4.ip_unprivileged_port_start", "0"));
    }

    private static <T> T given(@Nullable T value) {
        assertThat(value).isNotNull();
        return java.util.Objects.requireNonNull(value);
    }

    @ParameterizedTest
    @MethodSource("all")
    void everyContainerOfEveryPoolIsConfined(ContainerRecipe recipe) {
        HostConfig host = recipe.hostConfig();
        assertThat(host.getCapDrop()).containsExactly(Capability.ALL);
        assertThat(given(host.getSecurityOpts())).contains("no-new-privileges");
        assertThat(given(host.getSecurityOpts())).noneMatch(o -> o.contains("unconfined"));
        assertThat(host.getPrivileged()).isFalse();
        assertThat(host.getMemory()).isEqualTo(256L << 20);
        assertThat(host.getMemorySwap()).isEqualTo(host.getMemory());
        assertThat(host.getNanoCPUs()).isEqualTo(1_500_000_000L);
        assertThat(host.getCpuShares()).isEqualTo(1536);
        assertThat(host.getPidsLimit()).isEqualTo(100);
        assertThat(host.getUlimits())
                .containsExactlyInAnyOrder(
                        new Ulimit("nofile", 512L, 512L),
                        new Ulimit("core", 0L, 0L),
                        new Ulimit("msgqueue", 819_200L, 819_200L),
                        new Ulimit("sigpending", 16_384L, 16_384L),
                        new Ulimit("memlock", 8L << 20, 8L << 20),
                        new Ulimit("rtprio", 0L, 0L),
                        new Ulimit("nice", 0L, 0L));
        assertThat(host.getIpcMode()).isEqualTo("private");
        assertThat(host.getCgroupnsMode()).isEqualTo("private");
        assertThat(host.getRestartPolicy()).isEqualTo(RestartPolicy.noRestart());
        assertThat(host.getLogConfig().getType()).isEqualTo(LogConfig.LoggingType.NONE);
        assertThat(host.getPortBindings()).isNull();
        assertThat(host.getPublishAllPorts()).isFalse();
        assertThat(host.getPidMode()).isNullOrEmpty();
        assertThat(host.getUsernsMode()).isNullOrEmpty();
        assertThat(host.getUtSMode()).isNullOrEmpty();
        assertThat(host.getDevices()).isNullOrEmpty();
        assertThat(host.getBinds()).isNullOrEmpty();
        assertThat(given(host.getMounts()))
                .allMatch(m -> given(m.getSource()).startsWith("mayfly-j1-"));
        assertThat(given(host.getTmpFs()))
                .hasEntrySatisfying(
                        "/run/secrets", o -> assertThat(o).contains("noexec,nosuid,nodev"))
                .hasEntrySatisfying(
                        "/run/mayfly", o -> assertThat(o).contains("noexec,nosuid,nodev"));
    }

    @Test
    void poolDecidesAboutTheRootFileSystemOfJobsOnly() {
        Networking none = new Networking.Disabled();
        assertThat(recipes(STRICT).job(AGENT, none).hostConfig().getReadonlyRootfs()).isTrue();
        assertThat(recipes(LOOSE).job(AGENT, none).hostConfig().getReadonlyRootfs()).isFalse();
        assertThat(recipes(LOOSE).helper(none).hostConfig().getReadonlyRootfs()).isTrue();
        assertThat(recipes(STRICT).service(0, AGENT, none).hostConfig().getReadonlyRootfs())
                .as("a service writes where it likes")
                .isFalse();
    }

    @Test
    void seccompProfileOfThePoolReplacesTheEngines() {
        Networking none = new Networking.Disabled();
        assertThat(recipes(STRICT).job(AGENT, none).hostConfig().getSecurityOpts())
                .containsExactly("no-new-privileges", "seccomp={\"x\":1}");
        assertThat(recipes(LOOSE).job(AGENT, none).hostConfig().getSecurityOpts())
                .containsExactly("no-new-privileges");
    }

    @Test
    void capabilitiesAreAddedForRootOnly() {
        Networking none = new Networking.Disabled();
        assertThat(recipes(LOOSE).job(ROOT, none).hostConfig().getCapAdd())
                .containsExactly(
                        Capability.CHOWN,
                        Capability.DAC_OVERRIDE,
                        Capability.FOWNER,
                        Capability.FSETID,
                        Capability.KILL,
                        Capability.SETGID,
                        Capability.SETUID);
        assertThat(recipes(LOOSE).job(NAMED, none).hostConfig().getCapAdd()).isNull();
        assertThat(recipes(LOOSE).job(AGENT, none).hostConfig().getCapAdd()).isNull();
        assertThat(recipes(STRICT).job(ROOT, none).hostConfig().getCapAdd()).isNull();
        assertThat(recipes(STRICT).service(0, NAMED, none).hostConfig().getCapAdd()).isNull();
        assertThat(recipes(STRICT).helper(none).hostConfig().getCapAdd())
                .containsExactly(
                        Capability.CHOWN,
                        Capability.DAC_OVERRIDE,
                        Capability.KILL,
                        Capability.SETGID,
                        Capability.SETUID);
    }

    @Test
    void rootImageRunsAsAnOrdinaryUserWhereThePoolDemandsIt() {
        Networking none = new Networking.Disabled();
        assertThat(recipes(STRICT).job(ROOT, none).user()).isEqualTo("1000:1000");
        assertThat(recipes(STRICT).job(NAMED, none).user()).isEqualTo("builder");
        assertThat(recipes(LOOSE).job(ROOT, none).user()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "0", "00", "root", "0:0", "root:staff", ":5", "0:builder"})
    void userThatIsRootIsKnown(String user) {
        assertThat(image("i", user).runsAsRoot()).isTrue();
    }

    @ParameterizedTest
    @ValueSource(strings = {"1000", "builder", "1:0", "rooty", "10"})
    void userThatIsNotRootIsKnown(String user) {
        assertThat(image("i", user).runsAsRoot()).isFalse();
    }

    @Test
    void whatMeasuresTheDiskHasNoNetworkAndCanWriteNowhere() {
        ContainerRecipe gauge = recipes(LOOSE).gauge(List.of());

        assertThat(gauge.place().networked()).isFalse();
        assertThat(gauge.hostConfig().getReadonlyRootfs()).isTrue();
        assertThat(gauge.hostConfig().getCapDrop()).containsExactly(Capability.ALL);
        assertThat(gauge.hostConfig().getCapAdd()).containsExactly(Capability.DAC_OVERRIDE);
        assertThat(gauge.hostConfig().getPidMode()).isNullOrEmpty();
        assertThat(gauge.hostConfig().getTmpFs()).doesNotContainKey("/tmp");
    }

    @Test
    void whatLooksForOpenFilesJoinsTheProcessesOfOneContainerAndNothingElse() {
        ContainerRecipe inspector = recipes(LOOSE).inspector("mayfly-j1-service-0");

        assertThat(inspector.place().networked()).isFalse();
        assertThat(inspector.hostConfig().getPidMode()).isEqualTo("container:mayfly-j1-service-0");
        assertThat(inspector.hostConfig().getCapAdd())
                .containsExactly(Capability.DAC_OVERRIDE, Capability.SYS_PTRACE);
        assertThat(inspector.hostConfig().getMounts()).isNullOrEmpty();
        assertThat(given(inspector.hostConfig().getSecurityOpts())).contains("no-new-privileges");
    }

    @Test
    void tmpIsExecutableSizedAndNotOfServices() {
        Networking none = new Networking.Disabled();
        assertThat(recipes(STRICT).job(ROOT, none).hostConfig().getTmpFs())
                .containsEntry(
                        "/tmp", "rw,exec,nosuid,nodev,mode=1777,size=67108864,nr_inodes=32768");
        assertThat(recipes(STRICT).service(0, ROOT, none).hostConfig().getTmpFs())
                .doesNotContainKey("/tmp");
    }

    @Test
    void agentIsMountedReadOnlyAndOnlyItsOwnImageFillsVolumes() {
        Networking none = new Networking.Disabled();
        assertThat(mounts(recipes(LOOSE).job(ROOT, none)))
                .containsExactly(
                        "mayfly-j1-agent:/opt/mayfly:ro:empty",
                        "mayfly-j1-agent:/.mayfly-RANDOM:ro:empty",
                        "mayfly-j1-workspace:/workspace:rw:empty");
        assertThat(mounts(recipes(LOOSE).helper(none)))
                .containsExactly(
                        "mayfly-j1-agent:/opt/mayfly:ro:filled",
                        "mayfly-j1-workspace:/workspace:rw:filled");
        assertThat(mounts(recipes(LOOSE).service(0, ROOT, none)))
                .containsExactly(
                        "mayfly-j1-agent:/opt/mayfly:ro:empty",
                        "mayfly-j1-agent:/.mayfly-RANDOM:ro:empty");
    }

    /** A volume of the image could lie over a place that its author knows. */
    @Test
    void agentIsStartedInOtherImagesFromAPlaceThatNobodyCanKnow() {
        Networking none = new Networking.Disabled();
        ContainerRecipes first = recipes(LOOSE);

        assertThat(first.helper(none).agent()).isEqualTo("/opt/mayfly/mayfly-agent");
        assertThat(first.job(AGENT, none).agent()).isEqualTo("/opt/mayfly/mayfly-agent");
        String hidden = first.job(ROOT, none).agent();
        assertThat(hidden).matches("/\\.mayfly-[0-9a-f-]{36}/mayfly-agent");
        assertThat(first.service(0, ROOT, none).agent()).isEqualTo(hidden);
        assertThat(recipes(LOOSE).job(ROOT, none).agent()).isNotEqualTo(hidden);
    }

    private static List<String> mounts(ContainerRecipe recipe) {
        return given(recipe.hostConfig().getMounts()).stream()
                .map(ContainerRecipesTest::shown)
                .toList();
    }

    private static String shown(Mount mount) {
        return "%s:%s:%s:%s"
                .formatted(
                        mount.getSource(),
                        given(mount.getTarget())
                                .replaceFirst("mayfly-[0-9a-f-]{36}", "mayfly-RANDOM"),
                        Boolean.TRUE.equals(mount.getReadOnly()) ? "ro" : "rw",
                        Boolean.TRUE.equals(given(mount.getVolumeOptions()).getNoCopy())
                                ? "empty"
                                : "filled");
    }

    @Test
    void closedNetworkAsksNoNameServerOfTheHost() {
        HostConfig closed = recipes(STRICT).job(AGENT, new Networking.Closed("net")).hostConfig();
        assertThat(closed.getNetworkMode()).isEqualTo("net");
        assertThat(closed.getDns()).containsExactly("127.0.0.1");
        assertThat(closed.getDnsOptions()).containsExactly("timeout:1", "attempts:2");
        assertThat(closed.getSysctls()).containsEntry("net.ipv6.conf.all.disable_ipv6", "1");
        HostConfig open = recipes(STRICT).job(AGENT, new Networking.Open("net")).hostConfig();
        assertThat(open.getDns()).isNull();
        assertThat(open.getSysctls()).containsEntry("net.ipv6.conf.all.disable_ipv6", "1");
        assertThat(
                        recipes(STRICT)
                                .job(AGENT, new Networking.Disabled())
                                .hostConfig()
                                .getNetworkMode())
                .isEqualTo("none");
    }

    @Test
    void serviceOfAPoolWithoutRootIsAnOrdinaryUserToo() {
        ContainerRecipe strict = recipes(STRICT).service(0, ROOT, new Networking.Closed("net"));
        assertThat(strict.user()).isEqualTo("1000:1000");
        assertThat(strict.hostConfig().getCapAdd()).isNull();
        ContainerRecipe loose = recipes(LOOSE).service(0, ROOT, new Networking.Closed("net"));
        assertThat(loose.user()).isEmpty();
        assertThat(loose.hostConfig().getCapAdd()).isNotEmpty();
    }

    @Test
    void serviceIsFoundByItsAlias() {
        ContainerRecipe service = recipes(STRICT).service(0, ROOT, new Networking.Closed("net"));
        assertThat(service.name()).isEqualTo("mayfly-j1-service-0");
        assertThat(service.place().aliases()).containsExactly("db");
    }

    @ParameterizedTest
    @ValueSource(strings = {"root", "", "1000:1000", "2147483647", "a:b"})
    void userThatMayBeThereIsNotRefusedBeforehand(String user) {
        assertThatCode(() -> new ContainerUser(user).requireSensible("debian:12"))
                .doesNotThrowAnyException();
    }

    @ParameterizedTest
    @ValueSource(strings = {"2147483648", "99999999999999999999", "0:2147483648"})
    void userWhoseNumberNobodyCanHaveIsRefused(String user) {
        assertThatThrownBy(() -> new ContainerUser(user).requireSensible("debian:12"))
                .isInstanceOf(FaultException.class)
                .hasMessageContainingAll("debian:12", "\"" + user + "\"", "2147483647");
    }

    @Test
    void scriptEndsAtTheFirstFailureAndInBashAlsoInsidePipes() {
        assertThat(ShellScript.of("/bin/bash", null, List.of("a", "b")))
                .isEqualTo("set -eo pipefail\na\nb\n");
        assertThat(ShellScript.of("/bin/sh", null, List.of("a"))).isEqualTo("set -e\na\n");
    }
}
