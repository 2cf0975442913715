package dev.mayfly.egress;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What a job may want to reach: a server on every address of this host, for HTTP or for TLS, that
 * says what it was asked for. A path {@code /to/X} redirects to {@code http://X}, a path {@code
 * /bytes/N} answers with that many, and what is posted is counted.
 */
public final class Outside implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(Outside.class);
    private static final char[] PASSWORD = "changeit".toCharArray();

    /** What everything that was served begins with. */
    public static final String SERVED = "served";

    private final ServerSocket server;
    private final List<String> heard = new CopyOnWriteArrayList<>();

    private Outside(ServerSocket server) {
        this.server = server;
        Thread.ofVirtual().name("outside").start(this::accept);
    }

    public static Outside plain() throws IOException {
        return new Outside(new ServerSocket(0));
    }

    /** For HTTPS, with a certificate of its own for these names. */
    public static Outside tls(Path folder, String... names) throws Exception {
        Path store = folder.resolve("outside-" + System.nanoTime() + ".p12");
        List<String> alternatives = List.of(names).stream().map(name -> "dns:" + name).toList();
        Process keytool =
                new ProcessBuilder(
                                Path.of(System.getProperty("java.home"), "bin", "keytool")
                                        .toString(),
                                "-genkeypair",
                                "-keyalg",
                                "EC",
                                "-alias",
                                "server",
                                "-dname",
                                "CN=outside",
                                "-ext",
                                "san=" + String.join(",", alternatives),
                                "-storetype",
                                "PKCS12",
                                "-storepass",
                                new String(PASSWORD),
                                "-keystore",
                                store.toString())
                        .redirectErrorStream(true)
                        .start();
        String said = new String(keytool.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (!keytool.waitFor(1, TimeUnit.MINUTES) || keytool.exitValue() != 0) {
            throw new IOException("keytool failed: " + said);
        }
        return new Outside(context(store).getServerSocketFactory().createServerSocket(0));
    }

    private static SSLContext context(Path store) throws GeneralSecurityException, IOException {
        KeyStore keys = KeyStore.getInstance("PKCS12");
        try (var in = Files.newInputStream(store)) {
            keys.load(in, PASSWORD);
        }
        KeyManagerFactory managers =
                KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        managers.init(keys, PASSWORD);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(managers.getKeyManagers(), null, null);
        return context;
    }

    public int port() {
        return server.getLocalPort();
    }

    /** First lines and fields Host of what was asked. */
    public List<String> heard() {
        return List.copyOf(heard);
    }

    /** An address of this host that is none of loopback, and not that of a bridge if it can be. */
    public static Inet4Address host() throws IOException {
        return Collections.list(NetworkInterface.getNetworkInterfaces()).stream()
                .filter(one -> !Files.exists(Path.of("/sys/class/net", one.getName(), "bridge")))
                .flatMap(NetworkInterface::inetAddresses)
                .filter(address -> !address.isLoopbackAddress())
                .filter(Inet4Address.class::isInstance)
                .map(Inet4Address.class::cast)
                .findFirst()
                .orElseThrow(() -> new IOException("this host has no address of IPv4"));
    }

    /** The host's end of the engine's own bridge. */
    public static InetAddress bridge() throws IOException {
        return NetworkInterface.getByName("docker0")
                .inetAddresses()
                .filter(Inet4Address.class::isInstance)
                .findFirst()
                .orElseThrow(() -> new IOException("the engine's bridge has no address"));
    }

    private void accept() {
        while (!server.isClosed()) {
            try {
                Socket client = server.accept();
                Thread.ofVirtual().name("outside-one").start(() -> serve(client));
            } catch (IOException e) {
                LOG.debug("no more is served", e);
            }
        }
    }

    private void serve(Socket client) {
        try (client) {
            InputStream in = new BufferedInputStream(client.getInputStream(), 1 << 16);
            String first = readLine(in);
            if (first.isEmpty()) {
                return;
            }
            long length = 0;
            String host = "";
            for (String line = readLine(in); !line.isEmpty(); line = readLine(in)) {
                if (line.regionMatches(true, 0, "host:", 0, 5)) {
                    host = line.substring(5).strip();
                } else if (line.regionMatches(true, 0, "content-length:", 0, 15)) {
                    length = Long.parseLong(line.substring(15).strip());
                }
            }
            heard.add(first + " " + host);
            long posted = 0;
            byte[] piece = new byte[1 << 16];
            while (posted < length) {
                int n = in.read(piece, 0, (int) Math.min(piece.length, length - posted));
                if (n < 0) {
                    break;
                }
                posted += n;
            }
            answer(client.getOutputStream(), first.split(" ", 3)[1], host, posted);
        } catch (IOException e) {
            LOG.debug("a connection from a job broke", e);
        }
    }

    /** Without its end; empty too when nothing more comes. */
    private static String readLine(InputStream in) throws IOException {
        StringBuilder line = new StringBuilder();
        for (int c = in.read(); c >= 0 && c != '\n'; c = in.read()) {
            if (c != '\r') {
                line.append((char) c);
            }
        }
        return line.toString();
    }

    private static void answer(OutputStream out, String path, String host, long posted)
            throws IOException {
        if (path.startsWith("/bytes/")) {
            long left = Long.parseLong(path.substring(7).replaceFirst("\\?.*", ""));
            write(out, "HTTP/1.1 200 OK\r\nContent-Length: " + left + "\r\n\r\n");
            byte[] piece = new byte[1 << 16];
            for (; left > 0; left -= Math.min(left, piece.length)) {
                out.write(piece, 0, (int) Math.min(left, piece.length));
            }
            return;
        }
        if (path.startsWith("/to/")) {
            write(
                    out,
                    "HTTP/1.1 302 Found\r\nLocation: http://"
                            + path.substring(4)
                            + "/\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
            return;
        }
        String body = "%s %s %s %d\n".formatted(SERVED, host, path, posted);
        write(
                out,
                "HTTP/1.1 200 OK\r\nContent-Length: "
                        + body.length()
                        + "\r\nConnection: close\r\n\r\n"
                        + body);
    }

    private static void write(OutputStream out, String text) throws IOException {
        out.write(text.getBytes(StandardCharsets.ISO_8859_1));
        out.flush();
    }

    @Override
    public void close() throws IOException {
        server.close();
    }
}
