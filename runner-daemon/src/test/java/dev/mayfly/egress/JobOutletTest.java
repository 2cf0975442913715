package dev.mayfly.egress;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mayfly.egress.Connection.Verdict;
import dev.mayfly.job.JobId;
import dev.mayfly.job.PoolName;
import dev.mayfly.sandbox.Outlet;
import dev.mayfly.sandbox.Outlet.Origin;
import java.io.IOException;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** One job's way out against a server of this host, without containers. */
class JobOutletTest {

    private static final Origin JOB = new Origin(Origin.Part.JOB, "job");
    private static final Inet4Address RELAY = (Inet4Address) InetAddress.ofLiteral("198.51.100.2");

    private final List<Connection> connections = new CopyOnWriteArrayList<>();
    private final List<String> asked = new CopyOnWriteArrayList<>();
    private final List<String> news = new ArrayList<>();
    private Outside outside;
    private Gateway gateway;
    private String host;

    @BeforeEach
    void open() throws IOException {
        outside = Outside.plain();
        host = Outside.host().getHostAddress();
        gateway =
                new Gateway(
                        name -> {
                            asked.add(name.value());
                            return List.of(Outside.host());
                        },
                        (_, _, one) -> connections.add(one),
                        (_, destination) -> destination.startsWith("new."));
    }

    @AfterEach
    void close() throws IOException {
        outside.close();
        gateway.close();
    }

    private JobOutlet outlet(String... rules) {
        return outlet(false, rules);
    }

    private JobOutlet outlet(boolean auditOnly, String... rules) {
        List<EgressRule> all =
                Stream.concat(
                                Stream.of(host + ":" + outside.port()),
                                Stream.of(rules).map(rule -> rule.replace("PORT", port())))
                        .map(EgressRule::parse)
                        .toList();
        return gateway.open(
                new EgressPolicy(EgressPolicy.Mode.ALLOW, all, auditOnly, 4),
                new Gateway.Traveller(new JobId("j-1"), new PoolName("untrusted"), "shop/7"),
                null,
                news::add);
    }

    private String port() {
        return String.valueOf(outside.port());
    }

    private String told(JobOutlet outlet, int port, String says) throws InterruptedException {
        TestLine line = TestLine.saying(says.replace("PORT", port()));
        outlet.serve(JOB, port, line);
        return line.told();
    }

    private static String head(String... lines) {
        return String.join("\r\n", lines) + "\r\n\r\n";
    }

    private String proxied(JobOutlet outlet, String says) throws InterruptedException {
        return told(outlet, Outlet.PROXY_PORT, says);
    }

    @Test
    void requestThroughTheProxyReachesTheServerAsOneOfItsOwn() throws Exception {
        assertThat(
                        proxied(
                                outlet("good.example:PORT"),
                                head(
                                        "GET http://good.example:PORT/x?y HTTP/1.1",
                                        "Host: evil.example",
                                        "Proxy-Authorization: Basic c2VjcmV0",
                                        "Connection: keep-alive")))
                .startsWith("HTTP/1.1 200 OK")
                .contains("served good.example:" + port() + " /x?y");
        assertThat(outside.heard()).containsExactly("GET /x?y HTTP/1.1 good.example:" + port());
    }

    @Test
    void tunnelCarriesWhatComesAfterItsHead() throws Exception {
        assertThat(
                        proxied(
                                outlet("good.example:PORT"),
                                head("CONNECT good.example:PORT HTTP/1.1")
                                        + head("GET /in HTTP/1.1", "Host: a")))
                .startsWith("HTTP/1.1 200 Connection established\r\n\r\nHTTP/1.1 200 OK")
                .contains("served a /in");
        assertThat(connections)
                .singleElement()
                .satisfies(one -> {
                    assertThat(one.verdict()).isEqualTo(Verdict.ALLOWED);
                    assertThat(one.address()).isEqualTo(host);
                    assertThat(one.because()).isEqualTo("good.example:" + port());
                    assertThat(one.traffic().upBytes()).isEqualTo(29);
                    assertThat(one.traffic().downBytes()).isGreaterThan(50);
                });
    }

    @Test
    void requestWithoutAProxyGoesWhereItsHostSays() throws Exception {
        JobOutlet outlet = outlet("good.example:PORT", "other.example:PORT");

        assertThat(told(outlet, outside.port(), "GET /x HTTP/1.1\r\nhost: Other.Example.\r\n\r\n"))
                .contains("served other.example:" + port());
        assertThat(told(outlet, outside.port(), "GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n"))
                .startsWith("HTTP/1.1 403 Forbidden")
                .contains("pool untrusted does not let its jobs connect to evil.example");
        for (String ambiguous :
                List.of(
                        "GET / HTTP/1.1\r\n\r\n",
                        "GET / HTTP/1.1\r\nHost: good.example\r\nHost: evil.example\r\n\r\n",
                        "GET / HTTP/1.1\r\nHost: good.example\r\n Host: evil.example\r\n\r\n",
                        "GET / HTTP/1.1\r\nHost : good.example\r\n\r\n",
                        "GET / HTTP/1.1\r\nHost: evil.example@good.example\r\n\r\n",
                        "GET / HTTP/1.1\nHost: good.example\n\n",
                        "PRI * HTTP/2.0\r\n\r\n")) {
            assertThat(told(outlet, outside.port(), ambiguous))
                    .as(ambiguous)
                    .startsWith("HTTP/1.1 400 Bad Request");
        }
        assertThat(told(outlet, outside.port(), "\0\1\2\3")).isEmpty();
        assertThat(outside.heard()).hasSize(1);
    }

    @Test
    void requestThatIsNoneForAProxyIsExplained() throws Exception {
        JobOutlet outlet = outlet("good.example:PORT");

        for (String wrong :
                List.of(
                        "GET / HTTP/1.1\r\nHost: good.example\r\n\r\n",
                        "GET https://good.example/ HTTP/1.1\r\n\r\n",
                        "CONNECT good.example HTTP/1.1\r\n\r\n",
                        "CONNECT good.example:PORT@evil.example:1 HTTP/1.1\r\n\r\n",
                        "CONNECT http://good.example:PORT/ HTTP/1.1\r\n\r\n",
                        "GET http://good.example:PORT\\@evil.example/ HTTP/1.1\r\n\r\n",
                        "GET http:///etc/passwd HTTP/1.1\r\n\r\n",
                        "GET http://good.example:PORT/ HTTP/1.1\r\nno field\r\n\r\n",
                        "GET http://good.example:PORT/ HTTP/1.1 \r\n\r\n")) {
            assertThat(proxied(outlet, wrong)).as(wrong).startsWith("HTTP/1.1 400 Bad Request");
        }
        assertThat(outside.heard()).isEmpty();
        assertThat(asked).isEmpty();
    }

    @Test
    void greetingForAnotherServerInsideOfATunnelEndsIt() throws Exception {
        JobOutlet outlet = outlet("good.example:PORT", "also.example:PORT");
        String connect = "CONNECT good.example:PORT HTTP/1.1\r\n\r\n";

        assertThat(proxied(outlet, connect + Hellos.text("evil.example")))
                .endsWith("\25\3\1\0\2\2" + (char) 49);
        assertThat(connections)
                .singleElement()
                .satisfies(one -> {
                    assertThat(one.verdict()).isEqualTo(Verdict.REFUSED);
                    assertThat(one.traffic().upBytes()).isZero();
                });
        proxied(outlet, connect + Hellos.text("also.example"));
        assertThat(connections.getLast().traffic().upBytes()).isPositive();
    }

    @Test
    void serverThatDoesNotAnswerIsAFailureOfItsOwn() throws Exception {
        int closed = outside.port();
        JobOutlet outlet = outlet("good.example:PORT");
        outside.close();

        assertThat(proxied(outlet, "GET http://good.example:" + closed + "/ HTTP/1.1\r\n\r\n"))
                .startsWith("HTTP/1.1 502 Bad Gateway")
                .contains("is allowed (good.example:" + closed + ")");
        assertThat(connections.getLast().verdict()).isEqualTo(Verdict.FAILED);
    }

    @Test
    void nameIsAnsweredWithTheRelayOrNotAtAll() {
        JobOutlet outlet = outlet("good.example:PORT", "*.wild.example");

        assertThat(address(outlet, "GOOD.example", 1)).isEqualTo(RELAY);
        assertThat(address(outlet, "a.b.wild.example", 1)).isEqualTo(RELAY);
        assertThat(code(outlet, "good.example", 28)).as("no IPv6").isZero();
        assertThat(code(outlet, "good.example", 16)).as("no texts").isZero();
        assertThat(code(outlet, "evil.example", 1)).isEqualTo(3);
        assertThat(code(outlet, "c2VjcmV0.good.example", 16)).isEqualTo(3);
        assertThat(code(outlet, "127.0.0.1", 1)).isEqualTo(3);
        assertThat(asked).as("nobody is asked for any of it").isEmpty();
        assertThat(connections)
                .extracting(Connection::destination)
                .containsExactly("evil.example (name)", "c2vjcmv0.good.example (name)");
    }

    @Test
    void messageThatIsNoQuestionIsNotAnswered() {
        JobOutlet outlet = outlet("good.example:PORT");
        byte[] good = question("good.example", 1);

        for (int cut = 0; cut < good.length; cut++) {
            assertThat(outlet.answer(JOB, Arrays.copyOf(good, cut), RELAY)).isEmpty();
        }
        byte[] answer = good.clone();
        answer[2] = (byte) 0x80;
        assertThat(outlet.answer(JOB, answer, RELAY)).isEmpty();
        byte[] two = good.clone();
        two[5] = 2;
        assertThat(outlet.answer(JOB, two, RELAY)).isEmpty();
        byte[] pointer = good.clone();
        pointer[12] = (byte) 0xc0;
        assertThat(outlet.answer(JOB, pointer, RELAY)).isEmpty();
    }

    private static byte[] question(String name, int type) {
        ByteBuffer out = ByteBuffer.allocate(300);
        out.putShort((short) 7).putShort((short) 0x100).putShort((short) 1).putInt(0);
        out.putShort((short) 0);
        for (String label : name.split("\\.", -1)) {
            out.put((byte) label.length()).put(label.getBytes(StandardCharsets.US_ASCII));
        }
        out.put((byte) 0).putShort((short) type).putShort((short) 1);
        return Arrays.copyOf(out.array(), out.position());
    }

    private static int code(JobOutlet outlet, String name, int type) {
        byte[] answer = outlet.answer(JOB, question(name, type), RELAY).orElseThrow();
        assertThat(answer[7]).as("no record").isZero();
        return answer[3] & 15;
    }

    private static InetAddress address(JobOutlet outlet, String name, int type) {
        byte[] answer = outlet.answer(JOB, question(name, type), RELAY).orElseThrow();
        assertThat(answer[3] & 15).isZero();
        assertThat(answer[7]).isEqualTo((byte) 1);
        return InetAddresses.of(Arrays.copyOfRange(answer, answer.length - 4, answer.length));
    }

    @Test
    void tableSaysWhereTheJobWasAndWhatWasRefused() throws Exception {
        JobOutlet outlet = outlet("new.example:PORT");

        assertThat(outlet.table()).isEmpty();
        for (int i = 0; i < 3; i++) {
            proxied(outlet, "GET http://new.example:PORT/bytes/5000 HTTP/1.1\r\n\r\n");
        }
        proxied(outlet, "CONNECT evil.example:443 HTTP/1.1\r\n\r\n");
        proxied(outlet, "CONNECT evil.example:443 HTTP/1.1\r\n\r\n");

        assertThat(outlet.table())
                .hasSize(4)
                .first()
                .isEqualTo("network: where this job has connected to");
        assertThat(outlet.table().get(2))
                .matches(
                        "  new.example:\\d+ +job +\\S+ +3 +\\d+ B +15\\.\\d kB +allowed:"
                                + " new\\.example:\\d+ \\(NEW for this project\\)");
        assertThat(outlet.table().get(3))
                .matches("  evil.example:443 +job +- +2 +- +- +REFUSED: no rule allows it");
        assertThat(news)
                .containsExactly(
                        "network: evil.example:443 refused: no rule allows it; add"
                                + " \"evil.example:443\" to egress.allow");
    }

    @Test
    void jobThatInventsNamesFillsNeitherItsLogNorMayflys() {
        JobOutlet outlet = outlet();

        for (int i = 0; i < 10_000; i++) {
            outlet.answer(JOB, question("n" + i + ".evil.example", 1), RELAY);
        }
        assertThat(connections).hasSize(EgressAccount.MOST_RECORDS);
        assertThat(outlet.table()).hasSize(EgressAccount.MOST_ROWS + 4);
        assertThat(outlet.table()).anyMatch(line -> line.matches("  \\(others\\) .* 9900 .*"));
        assertThat(news).hasSize(20);
        outlet.close();
        assertThat(connections)
                .hasSize(EgressAccount.MOST_RECORDS + 1)
                .last()
                .satisfies(rest -> assertThat(rest.because()).startsWith("8000 more"));
    }

    @Test
    void whatIsReachedIsWrittenDownWhateverFloodComesBefore() throws Exception {
        JobOutlet outlet = outlet("new.example:PORT");
        for (int i = 0; i < 3000; i++) {
            outlet.answer(JOB, question("n" + i + ".evil.example", 1), RELAY);
        }

        proxied(outlet, "GET http://new.example:PORT/ HTTP/1.1\r\n\r\n");

        assertThat(connections)
                .last()
                .satisfies(one -> {
                    assertThat(one.destination()).isEqualTo("new.example:" + port());
                    assertThat(one.firstSeen()).isTrue();
                });
        assertThat(outlet.table().get(2))
                .startsWith("  new.example:" + port())
                .endsWith("(NEW for this project)");
    }

    @Test
    void recordingPoolConnectsAndSaysWhatItWouldHaveRefused() throws Exception {
        JobOutlet outlet = outlet(true);

        assertThat(proxied(outlet, "GET http://evil.example:PORT/ HTTP/1.1\r\n\r\n"))
                .contains("served");
        assertThat(proxied(outlet, "GET http://127.0.0.1:PORT/ HTTP/1.1\r\n\r\n"))
                .contains("403 Forbidden");
        assertThat(outlet.table()).anyMatch(line -> line.contains("would be REFUSED"));
        try (Outside other = Outside.plain()) {
            assertThat(
                            proxied(
                                    outlet,
                                    "GET http://%s:%d/ HTTP/1.1\r\n\r\n"
                                            .formatted(host, other.port())))
                    .as("this host, which nobody has listed")
                    .contains("403 Forbidden");
        }
        assertThat(outlet.table().getFirst()).contains("only recorded");
    }
}
