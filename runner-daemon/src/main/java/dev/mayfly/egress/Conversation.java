package dev.mayfly.egress;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import dev.mayfly.sandbox.Outlet;
import dev.mayfly.sandbox.Outlet.Line;
import dev.mayfly.sandbox.Outlet.Origin;
import java.io.IOException;
import java.time.Duration;
import java.util.Arrays;
import java.util.Optional;

/** What is said on one connection until it is known where it is to go, and then its carrying. */
final class Conversation {

    /** Fatal, access denied (RFC 8446, 6.2). */
    private static final byte[] TLS_DENIED = {21, 3, 1, 0, 2, 2, 49};

    /** How long a program has to read why it was refused. */
    private static final Duration LAST_WORDS = Duration.ofSeconds(2);

    private final JobOutlet outlet;
    private final Origin origin;
    private final Line line;
    private final Opening opening;

    Conversation(JobOutlet outlet, Origin origin, Line line) {
        this.outlet = outlet;
        this.origin = origin;
        this.line = line;
        opening = new Opening(line);
    }

    /** How somebody is told that it does not work. */
    private enum Manner {
        HTTP,
        TLS,
        SILENCE
    }

    /**
     * Holds it to its end.
     *
     * @param port that was connected to
     */
    void hold(int port) throws InterruptedException {
        try {
            if (port == Outlet.PROXY_PORT) {
                asProxy();
            } else {
                asServer(port);
            }
        } catch (IOException e) {
            line.close(); // the container has left, and its programs know
        }
    }

    private void asProxy() throws IOException, InterruptedException {
        int end = readHead();
        if (end < 0) {
            return;
        }
        RequestHead head;
        Destination to;
        try {
            head = RequestHead.parse(opening.bytes(), end);
            to = head.asked();
        } catch (IllegalArgumentException e) {
            misunderstood("a request to the proxy", String.valueOf(e.getMessage()));
            return;
        }
        if (head.isConnect()) {
            opening.replace(end, new byte[0]);
            connect(to, head.target(), Manner.HTTP, "HTTP/1.1 200 Connection established\r\n\r\n");
        } else {
            opening.replace(end, head.toServer(to));
            connect(to, head.authority(), Manner.HTTP, "");
        }
    }

    private void asServer(int port) throws IOException, InterruptedException {
        Optional<Host.Name> only = outlet.policy().onlyNameOf(port);
        if (only.isPresent()) {
            // Its server may be the one that speaks first.
            connect(new Destination(only.get(), port), only.get().value(), Manner.SILENCE, "");
            return;
        }
        if (!opening.more()) {
            return;
        }
        switch (hello()) {
            case ClientHello.Complete(String name) when name != null -> toTls(name, port);
            case ClientHello.Complete _ ->
                    refuse("port " + port, "TLS without a server name", Manner.TLS);
            case ClientHello.Incomplete _ -> {}
            case ClientHello.Other _ -> toHttp(port);
        }
    }

    private ClientHello hello() throws IOException, InterruptedException {
        ClientHello hello = ClientHello.read(opening.bytes(), opening.length());
        while (hello instanceof ClientHello.Incomplete && opening.more()) {
            hello = ClientHello.read(opening.bytes(), opening.length());
        }
        return hello;
    }

    private void toTls(String name, int port) throws IOException, InterruptedException {
        Destination to;
        try {
            to = new Destination(Host.parse(name), port);
        } catch (IllegalArgumentException e) {
            refuse("port " + port, "TLS for what is no name of a host", Manner.TLS);
            return;
        }
        connect(to, name, Manner.TLS, "");
    }

    private void toHttp(int port) throws IOException, InterruptedException {
        if (!looksLikeHttp()) {
            refuse(
                    "port " + port,
                    "neither TLS nor HTTP/1, so the server's name is not known; use the proxy",
                    Manner.SILENCE);
            return;
        }
        int end = readHead();
        if (end < 0) {
            return;
        }
        Destination to;
        String said;
        byte[] request;
        try {
            RequestHead head = RequestHead.parse(opening.bytes(), end);
            to = head.host(port);
            said = head.saidHost();
            request = head.toServer(to);
        } catch (IllegalArgumentException e) {
            misunderstood("a request to port " + port, String.valueOf(e.getMessage()));
            return;
        }
        opening.replace(end, request);
        connect(to, said, Manner.HTTP, "");
    }

    private boolean looksLikeHttp() {
        byte first = opening.bytes()[0];
        return (first >= 'A' && first <= 'Z') || (first >= 'a' && first <= 'z');
    }

    private int readHead() throws IOException, InterruptedException {
        int end = RequestHead.end(opening.bytes(), opening.length());
        while (end < 0) {
            if (!opening.more()) {
                if (opening.length() > 0) {
                    misunderstood("a request", "its head has no end");
                }
                return -1;
            }
            end = RequestHead.end(opening.bytes(), opening.length());
        }
        return end;
    }

    /**
     * Connects and carries, or says why not.
     *
     * @param said as the container wrote it
     * @param greeting what the container is told first
     */
    private void connect(Destination to, String said, Manner manner, String greeting)
            throws IOException, InterruptedException {
        String shown = outlet.account().shown(to.toString(), said);
        switch (outlet.dial(origin, to)) {
            case Dialer.Dialed.Open open -> {
                Passage passage = new Passage(origin, shown, open, outlet.account().isNew(shown));
                outlet.account().opened(passage);
                try {
                    byte[] first = greeting.getBytes(ISO_8859_1);
                    line.write(first, 0, first.length);
                    boolean tunnel = !greeting.isEmpty();
                    passage.carry(line, opening, o -> !tunnel || isWhatItSaid(passage, to));
                } finally {
                    open.socket().close();
                    outlet.account().closed(passage);
                }
            }
            case Dialer.Dialed.Refused(Ruling.Refused why, var address) -> {
                outlet.account()
                        .refused(
                                origin,
                                shown,
                                address == null ? null : AddressBlock.text(address),
                                why.reason(),
                                shown.equals(to.toString()) ? why.cure() : "",
                                false);
                say(
                        manner,
                        "403 Forbidden",
                        "mayfly: pool %s does not let its jobs connect to %s: %s; %s."
                                .formatted(outlet.pool(), to, why.reason(), why.cure()));
            }
            case Dialer.Dialed.Failed(String reason, String rule) -> {
                outlet.account().failed(origin, shown, reason);
                say(
                        manner,
                        "502 Bad Gateway",
                        "mayfly: %s is allowed (%s) and could not be connected to: %s."
                                .formatted(to, rule, reason));
            }
        }
    }

    /** Inside of a tunnel: a greeting for another server is not sent to this one. */
    private boolean isWhatItSaid(Passage passage, Destination to)
            throws IOException, InterruptedException {
        if (!(to.host() instanceof Host.Name) || outlet.policy().auditOnly()) {
            return true;
        }
        if (opening.length() == 0 && !opening.more()) {
            return true;
        }
        if (!(hello() instanceof ClientHello.Complete(String name)) || name == null) {
            return true;
        }
        try {
            Host host = Host.parse(name);
            if (host.equals(to.host())
                    || outlet.policy().of(new Destination(host, to.port()))
                            instanceof Ruling.Allowed) {
                return true;
            }
        } catch (IllegalArgumentException e) {
            // A name that is none is not the one that was asked for.
        }
        passage.refuse("TLS for another server inside of a tunnel");
        line.write(TLS_DENIED, 0, TLS_DENIED.length);
        line.endOutput();
        return false;
    }

    private void refuse(String what, String reason, Manner manner)
            throws IOException, InterruptedException {
        outlet.account().refused(origin, what, null, reason, "", false);
        say(manner, "403 Forbidden", "mayfly: " + reason + ".");
    }

    private void misunderstood(String what, String reason)
            throws IOException, InterruptedException {
        outlet.account().refused(origin, what, null, reason, "", false);
        say(Manner.HTTP, "400 Bad Request", "mayfly: " + reason + ".");
    }

    private void say(Manner manner, String status, String text)
            throws IOException, InterruptedException {
        byte[] answer =
                switch (manner) {
                    case HTTP -> http(status, text);
                    case TLS -> TLS_DENIED;
                    case SILENCE -> new byte[0];
                };
        line.write(answer, 0, answer.length);
        line.endOutput();
        if (answer.length > 0) {
            awaitReading();
        }
    }

    /** Closed with something unread, the connection would be reset and the answer lost. */
    private void awaitReading() throws IOException, InterruptedException {
        Thread limit =
                Thread.ofVirtual()
                        .name("egress-limit")
                        .start(() -> {
                            try {
                                Thread.sleep(LAST_WORDS);
                                line.close();
                            } catch (InterruptedException e) {
                                Thread.currentThread().interrupt();
                            }
                        });
        try {
            byte[] ignored = new byte[4096];
            while (line.read(ignored, 0, ignored.length) >= 0) {
                // until the container ends it too
            }
        } finally {
            limit.interrupt();
        }
    }

    private static byte[] http(String status, String text) {
        byte[] body = (text + "\n").getBytes(UTF_8);
        byte[] head =
                """
                HTTP/1.1 %s\r
                Content-Type: text/plain; charset=utf-8\r
                Content-Length: %d\r
                Connection: close\r
                \r
                """
                        .formatted(status, body.length)
                        .getBytes(ISO_8859_1);
        byte[] all = Arrays.copyOf(head, head.length + body.length);
        System.arraycopy(body, 0, all, head.length, body.length);
        return all;
    }
}
