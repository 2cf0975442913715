package dev.mayfly;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * This host as one that is reached through ssh: a server on loopback with keys of its own, that
 * lets in who has the right key. Needs the ssh client and server.
 */
public final class OtherHost implements AutoCloseable {

    private static final Path SERVER = Path.of("/usr/sbin/sshd");

    private final Path folder;
    private final int port;
    private Process server;

    private OtherHost(Path folder, int port, Process server) {
        this.folder = folder;
        this.port = port;
        this.server = server;
    }

    /** Starts one; its files are in an existing folder. */
    public static OtherHost start(Path folder) throws IOException, InterruptedException {
        for (String key : List.of("host", "user", "stranger")) {
            OtherEngine.run(
                    List.of(
                            "ssh-keygen",
                            "-q",
                            "-t",
                            "ed25519",
                            "-N",
                            "",
                            "-f",
                            folder.resolve(key).toString()));
        }
        Files.copy(folder.resolve("user.pub"), folder.resolve("authorized"));
        if (System.getProperty("user.name").equals("root")) {
            Files.createDirectories(Path.of("/run/sshd"));
        }
        int port;
        try (ServerSocket free = new ServerSocket(0)) {
            port = free.getLocalPort();
        }
        Files.writeString(
                folder.resolve("sshd_config"),
                """
                Port %d
                ListenAddress 127.0.0.1
                HostKey %s/host
                AuthorizedKeysFile %s/authorized
                PidFile none
                StrictModes no
                UsePAM no
                PasswordAuthentication no
                KbdInteractiveAuthentication no
                PermitRootLogin prohibit-password
                """
                        .formatted(port, folder, folder));
        OtherHost host = new OtherHost(folder, port, serve(folder));
        host.knows("host");
        host.configure("user");
        host.awaitUp();
        return host;
    }

    private static Process serve(Path folder) throws IOException {
        return new ProcessBuilder(
                        SERVER.toString(),
                        "-D",
                        "-e",
                        "-f",
                        folder.resolve("sshd_config").toString())
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve("sshd.log").toFile())
                .start();
    }

    private void awaitUp() throws InterruptedException {
        Eventually.holds(
                "the ssh server answers",
                Duration.ofSeconds(20),
                () -> {
                    try (Socket socket = new Socket()) {
                        socket.connect(
                                new InetSocketAddress(InetAddress.getLoopbackAddress(), port),
                                1000);
                        return true;
                    } catch (IOException e) {
                        return false;
                    }
                });
    }

    /** Where an engine's socket is reached through it. */
    public URI engine(Path socket) {
        return URI.create(
                "ssh://%s@127.0.0.1:%d%s".formatted(System.getProperty("user.name"), port, socket));
    }

    /** What ssh is to be configured with. */
    public Path configuration() {
        return folder.resolve("ssh_config");
    }

    /** Makes the client believe that the host has another of the keys. */
    public void knows(String key) throws IOException {
        String[] words = Files.readString(folder.resolve(key + ".pub")).split(" ", 3);
        Files.writeString(
                folder.resolve("known_hosts"),
                "[127.0.0.1]:%d %s %s%n".formatted(port, words[0], words[1]));
    }

    /** Makes the client come with one of the keys. */
    public void configure(String key) throws IOException {
        Files.writeString(
                configuration(),
                """
                IdentityFile %s/%s
                IdentitiesOnly yes
                UserKnownHostsFile %s/known_hosts
                GlobalKnownHostsFile /dev/null
                """
                        .formatted(folder, key, folder));
    }

    /** Ends the server and every connection of it. */
    public void stop() throws InterruptedException {
        server.descendants().forEach(ProcessHandle::destroyForcibly);
        server.destroy();
        assertThat(server.waitFor(10, TimeUnit.SECONDS)).isTrue();
    }

    /** Starts it again. */
    public void startAgain() throws IOException, InterruptedException {
        server = serve(folder);
        awaitUp();
    }

    @Override
    public void close() {
        try {
            stop();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
