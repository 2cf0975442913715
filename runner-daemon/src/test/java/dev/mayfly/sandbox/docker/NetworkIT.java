package dev.mayfly.sandbox.docker;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.github.dockerjava.api.model.ContainerNetwork;
import dev.mayfly.job.Fault;
import dev.mayfly.job.FaultException;
import dev.mayfly.job.NetworkAccess;
import dev.mayfly.job.ServiceSpec;
import dev.mayfly.sandbox.Sandbox;
import dev.mayfly.sandbox.SandboxSpec;
import dev.mayfly.sandbox.SandboxSpec.Checkout;
import dev.mayfly.sandbox.Step;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What a job's packets reach, and what they must not. Each "not" has a baseline that shows the way
 * is open to those who may. Needs an engine on this host, the agent image, a static busybox, and
 * root for the name server's port.
 */
@Timeout(180)
class NetworkIT {

    private static final Logger LOG = LoggerFactory.getLogger(NetworkIT.class);
    private static final Fixture FIXTURE = new Fixture();
    private static String web;

    @BeforeAll
    static void build() throws InterruptedException {
        web =
                FIXTURE.images.busybox(
                        "web",
                        "EXPOSE 8080 9090",
                        "RUN [\"chown\", \"1000:1000\", \"/www\"]",
                        "CMD [\"sh\", \"-c\", \"echo serving $GREETING > /www/index.html; exec httpd -f -p 8080 -h /www\"]");
    }

    @AfterEach
    void nothingIsLeft() throws InterruptedException {
        FIXTURE.assertNothingLeft();
    }

    @AfterAll
    static void close() throws InterruptedException {
        FIXTURE.close();
    }

    private static ServiceSpec web(String alias) {
        return new ServiceSpec(web, alias, List.of(), Map.of("GREETING", "hello"));
    }

    private static final String SERVED = "serving";

    /** A server on every address of this host. */
    private static ServerSocket serveFromHost() throws IOException {
        ServerSocket server = new ServerSocket(0);
        Thread.ofVirtual().start(() -> serve(server));
        return server;
    }

    private static void serve(ServerSocket server) {
        while (!server.isClosed()) {
            try (Socket client = server.accept()) {
                client.setSoTimeout(2000);
                // Closed with its request unread, it would reset the client.
                client.getInputStream().readNBytes("GET / HTTP/1.0\n\n".length());
                client.getOutputStream().write(SERVED.getBytes(US_ASCII));
            } catch (IOException e) {
                LOG.debug("a connection from a container broke", e);
            }
        }
    }

    /**
     * Which of these the container gets an answer from. A connection alone proves nothing: what
     * stands between this host and the world may accept connections to anywhere.
     */
    private static List<String> answering(Sandbox sandbox, Step.Place place, List<String> targets)
            throws InterruptedException {
        List<String> lines = new ArrayList<>();
        for (String target : targets) {
            lines.add(
                    """
                    said=$(timeout 2 bash -c 'exec 3<>/dev/tcp/%s; echo "GET / HTTP/1.0" >&3; echo >&3; cat <&3' 2>/dev/null) || true
                    case "$said" in *%s*) echo 'answer %s';; esac\
                    """
                            .formatted(target.replace(' ', '/'), SERVED, target));
        }
        lines.add("echo tried");
        Step step =
                new Step("try", place, new Step.Program.Shell(lines), Map.of(), List.of(), null);
        List<String> said = Fixture.run(sandbox, step).output().lines().toList();
        assertThat(said).endsWith("tried");
        return said.stream()
                .filter(line -> line.startsWith("answer "))
                .map(line -> line.substring(7))
                .toList();
    }

    private static List<String> answering(Sandbox sandbox, List<String> targets)
            throws InterruptedException {
        return answering(sandbox, Step.Place.JOB, targets);
    }

    private static ContainerNetwork on(String container, String network)
            throws InterruptedException {
        return Objects.requireNonNull(
                FIXTURE.inspect(container).getNetworkSettings().getNetworks().get(network));
    }

    private static String address(String container, String network) throws InterruptedException {
        return Objects.requireNonNull(on(container, network).getIpAddress());
    }

    /** Every IPv4 address of this host but loopback, and what a container would take for it. */
    private static List<String> hostAddresses() {
        try {
            return Collections.list(NetworkInterface.getNetworkInterfaces()).stream()
                    .flatMap(NetworkInterface::inetAddresses)
                    .filter(address ->
                            address instanceof Inet4Address && !address.isLoopbackAddress())
                    .map(InetAddress::getHostAddress)
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void jobWithoutServicesHasNothingButLoopback() throws InterruptedException {
        SandboxSpec spec = FIXTURE.spec();
        Sandbox sandbox = FIXTURE.create(spec);
        try {
            assertThat(
                            Fixture.run(sandbox, "ls /sys/class/net; cat /proc/net/route | wc -l")
                                    .output())
                    .isEqualTo("lo\n1\n");
        } finally {
            FIXTURE.destroy(spec.job());
        }
    }

    @Test
    void serviceIsReachedByItsAliasWithItsEnvironmentAndOnlyByItsJob()
            throws InterruptedException, IOException {
        SandboxSpec spec =
                Fixture.with(FIXTURE.spec(), NetworkAccess.NONE, web("web"), web("web2"));
        SandboxSpec other = Fixture.with(FIXTURE.spec(), NetworkAccess.NONE, web("web"));
        SandboxSpec neighbour = Fixture.with(FIXTURE.spec(), NetworkAccess.FULL, web("web"));
        SandboxSpec open = Fixture.with(FIXTURE.spec(), NetworkAccess.FULL, web("web"));
        try (ServerSocket host = serveFromHost()) {
            Sandbox sandbox = FIXTURE.create(spec);
            FIXTURE.create(other);
            Sandbox baseline = FIXTURE.create(open);
            FIXTURE.create(neighbour);

            assertThat(
                            Fixture.run(
                                            sandbox,
                                            "curl -sS http://web:8080/; curl -sS http://web2:8080/")
                                    .output())
                    .isEqualTo("serving hello\nserving hello\n");
            assertThat(FIXTURE.notices).contains("service web accepts connections on port 8080");

            String ownNetwork = Role.NETWORK.nameFor(spec.job());
            String otherNetwork = Role.NETWORK.nameFor(other.job());
            String openNetwork = Role.NETWORK.nameFor(open.job());
            String ownService = address(Role.SERVICE.nameFor(spec.job(), 0), ownNetwork);
            String otherService = address(Role.SERVICE.nameFor(other.job(), 0), otherNetwork);
            String openService = address(Role.SERVICE.nameFor(open.job(), 0), openNetwork);
            String gateway = ownService.replaceFirst("\\.\\d+$", ".1");
            String openGateway =
                    Objects.requireNonNull(
                            on(Role.JOB.nameFor(open.job()), openNetwork).getGateway());

            List<String> ofHost = new ArrayList<>();
            for (String address : hostAddresses()) {
                ofHost.add(address + " " + host.getLocalPort());
            }
            assertThat(ofHost).contains(openGateway + " " + host.getLocalPort());
            assertThat(ofHost)
                    .as("the host has no address on the closed network")
                    .doesNotContain(gateway + " " + host.getLocalPort());

            assertThat(answering(baseline, ofHost)).as("baseline: open ways").containsAll(ofHost);
            assertThat(answering(baseline, List.of(openService + " 8080"))).hasSize(1);
            String neighbourService =
                    address(
                            Role.SERVICE.nameFor(neighbour.job(), 0),
                            Role.NETWORK.nameFor(neighbour.job()));
            List<String> ofOthers =
                    List.of(
                            ownService + " 8080",
                            otherService + " 8080",
                            neighbourService + " 8080");
            assertThat(answering(baseline, ofOthers))
                    .as("a job with a network reaches no other job")
                    .isEmpty();

            List<String> forbidden = new ArrayList<>(ofHost);
            forbidden.add(gateway + " " + host.getLocalPort());
            forbidden.add(otherService + " 8080");
            forbidden.add(openService + " 8080");
            assertThat(answering(sandbox, List.of(ownService + " 8080"))).hasSize(1);
            assertThat(answering(sandbox, forbidden)).isEmpty();
            assertThat(
                            Fixture.run(
                                            sandbox,
                                            "cat /proc/net/if_inet6 | grep -v ' lo$' || echo none")
                                    .output())
                    .as("no IPv6 way around")
                    .isEqualTo("none\n");
        } finally {
            FIXTURE.destroy(spec.job());
            FIXTURE.destroy(other.job());
            FIXTURE.destroy(open.job());
            FIXTURE.destroy(neighbour.job());
        }
    }

    @Test
    void nameOfTheOutsideIsAskedOfNobody() throws InterruptedException, IOException {
        SandboxSpec spec = Fixture.with(FIXTURE.spec(), NetworkAccess.NONE, web("web"));
        try (DatagramSocket names = new DatagramSocket(53, InetAddress.getLoopbackAddress())) {
            names.setSoTimeout(1000);
            Sandbox sandbox = FIXTURE.create(spec);
            Fixture.Result asked =
                    Fixture.run(
                            sandbox,
                            "getent hosts web > /dev/null && echo alias",
                            "timeout 10 getent hosts leak.example.com || echo no answer");
            assertThat(asked.output()).isEqualTo("alias\nno answer\n");
            assertThatThrownBy(() -> names.receive(new DatagramPacket(new byte[512], 512)))
                    .as("the host's name server heard nothing")
                    .isInstanceOf(SocketTimeoutException.class);
        } finally {
            FIXTURE.destroy(spec.job());
        }
    }

    @Test
    void helperThatFetchesHasANetworkThatTheJobNeverSees()
            throws InterruptedException, IOException {
        SandboxSpec spec = Fixture.with(FIXTURE.spec(), Checkout.ONLINE);
        try (ServerSocket host = serveFromHost()) {
            Sandbox sandbox = FIXTURE.create(spec);
            String gateway =
                    on(Role.HELPER.nameFor(spec.job()), Role.CHECKOUT.nameFor(spec.job()))
                            .getGateway();
            List<String> target = List.of(gateway + " " + host.getLocalPort());
            assertThat(answering(sandbox, Step.Place.HELPER, target)).hasSize(1);
            assertThat(answering(sandbox, Step.Place.JOB, target)).isEmpty();
            sandbox.endCheckout();
            assertThat(FIXTURE.leftovers())
                    .noneMatch(l -> l.startsWith("network") || l.contains("helper"));
        } finally {
            FIXTURE.destroy(spec.job());
        }
    }

    @Test
    void serviceThatEndsBeforeTheJobIsSaidOnceWithItsLastLinesAndTheJobStarts()
            throws InterruptedException {
        String plain = FIXTURE.images.busybox("plain");
        ServiceSpec broken =
                new ServiceSpec(
                        web, "ended", List.of("sh", "-c", "echo 'no disk'; exit 7"), Map.of());
        ServiceSpec once =
                new ServiceSpec(plain, "once", List.of("sh", "-c", "echo migrated"), Map.of());
        SandboxSpec spec =
                Fixture.with(FIXTURE.spec(), NetworkAccess.NONE, broken, once, web("alive"));
        try {
            Sandbox sandbox = FIXTURE.create(spec);
            assertThat(Fixture.run(sandbox, "curl -sS http://alive:8080/").output())
                    .isEqualTo("serving hello\n");
            assertThat(FIXTURE.notices)
                    .containsSubsequence(
                            "WARNING: service ended (image %s) ended with code 7 before the job began; the job starts all the same"
                                    .formatted(web),
                            "service ended: no disk")
                    .containsOnlyOnce(
                            "service ended: no disk",
                            "WARNING: service once (image %s) ended with code 0 before the job began; the job starts all the same"
                                    .formatted(plain),
                            "service once: migrated");
        } finally {
            FIXTURE.destroy(spec.job());
        }
    }

    @Test
    void serviceThatCannotBeStartedSaysWhy() throws InterruptedException {
        ServiceSpec broken = new ServiceSpec(web, "db", List.of("/no/such/server"), Map.of());
        SandboxSpec spec = Fixture.with(FIXTURE.spec(), NetworkAccess.NONE, broken);
        try {
            assertThatThrownBy(() -> FIXTURE.create(spec))
                    .isInstanceOf(FaultException.class)
                    .hasMessageContaining("could not be started")
                    .hasMessageContaining("/no/such/server")
                    .extracting(e -> ((FaultException) e).fault())
                    .isEqualTo(Fault.SERVICE);
        } finally {
            FIXTURE.destroy(spec.job());
        }
    }

    @Test
    void serviceThatNeverListensIsNoticedAndTheJobStarts() throws InterruptedException {
        ServiceSpec deaf = new ServiceSpec(web, "deaf", List.of("sleep", "100"), Map.of());
        SandboxSpec spec = Fixture.with(FIXTURE.spec(), NetworkAccess.NONE, deaf);
        try {
            assertThat(Fixture.run(FIXTURE.create(spec), "echo runs").output()).isEqualTo("runs\n");
            assertThat(FIXTURE.notices)
                    .anyMatch(n ->
                            n.startsWith("service deaf did not accept a connection on port 8080"));
        } finally {
            FIXTURE.destroy(spec.job());
        }
    }

    @Test
    void serviceThatFloodsItsOutputHoldsNobodyUp() throws InterruptedException {
        String plain = FIXTURE.images.busybox("plain");
        ServiceSpec loud = new ServiceSpec(plain, "loud", List.of("yes"), Map.of());
        SandboxSpec spec = Fixture.with(FIXTURE.spec(), NetworkAccess.NONE, loud);
        try {
            Sandbox sandbox = FIXTURE.create(spec);
            assertThat(Fixture.run(sandbox, "sleep 1; echo runs").output()).isEqualTo("runs\n");
        } finally {
            FIXTURE.destroy(spec.job());
        }
    }
}
