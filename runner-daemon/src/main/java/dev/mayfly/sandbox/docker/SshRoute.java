package dev.mayfly.sandbox.docker;

import dev.mayfly.job.Fault;
import dev.mayfly.job.FaultException;
import java.io.BufferedReader;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.URI;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * An engine behind ssh: the system's own client forwards a socket of ours to the engine's. Keys,
 * known hosts and jumps are what that client is configured with; it asks nobody and trusts no host
 * that it does not know. It is started when the engine is first needed, again when it has ended,
 * and ends with this process however that ends.
 */
public final class SshRoute implements EngineRoute {

    private static final Logger LOG = LoggerFactory.getLogger(SshRoute.class);

    private static final String USUAL_SOCKET = "/var/run/docker.sock";

    /** What the kernel takes as the path of a socket, and what ssh appends while it makes one. */
    private static final int LONGEST_SOCKET = 107 - 17;

    private static final Duration FIRST_PAUSE = Duration.ofSeconds(1);
    private static final Duration LONGEST_PAUSE = Duration.ofSeconds(30);
    private static final Duration LOOK_EVERY = Duration.ofMillis(50);
    private static final Duration END_LIMIT = Duration.ofSeconds(5);
    private static final int LONGEST_WORDS = 500;

    /**
     * Ends its child when our end of its input is closed, which the kernel does for a process that
     * was killed, too.
     */
    private static final String GUARD =
            "exec 3<&0; \"$@\" </dev/null 3<&- & child=$!;"
                    + " { cat <&3 >/dev/null; kill \"$child\"; } 2>/dev/null & wait \"$child\"";

    /** What ssh needs to find keys, an agent and its own configuration. */
    private static final List<String> VARIABLES =
            List.of("PATH", "HOME", "USER", "LOGNAME", "SSH_AUTH_SOCK");

    private final URI engine;
    private final @Nullable Path configuration;
    private final Path socket;
    private final Duration limit;
    private final Object lock = new Object();
    private @Nullable Thread keeper;
    private volatile @Nullable Process running;
    private volatile String words = "";
    private volatile boolean closed;

    /**
     * Describes the way; does not go it.
     *
     * @param engine {@code ssh://[USER@]HOST[:PORT][/PATH]}; without a path to the usual socket
     * @param configuration for ssh in the place of the user's and the host's own, or null
     * @param socket of ours, in a directory that nobody else may enter
     * @param limit for the way to be there
     */
    public SshRoute(URI engine, @Nullable Path configuration, Path socket, Duration limit) {
        this.engine = engine;
        this.configuration = configuration;
        this.socket = socket;
        this.limit = limit;
    }

    @Override
    public URI name() {
        return engine;
    }

    @Override
    public URI reach() throws InterruptedException {
        synchronized (lock) {
            if (closed) {
                throw new FaultException(
                        Fault.ENGINE, "the engine at %s is not used any more".formatted(engine));
            }
            if (keeper == null) {
                requireShort();
                keeper = Thread.ofPlatform().name("ssh-" + engine.getHost()).start(this::keep);
            }
        }
        long deadline = System.nanoTime() + limit.toNanos();
        while (!answers()) {
            if (System.nanoTime() > deadline || !words.isEmpty()) {
                throw new FaultException(
                        Fault.ENGINE,
                        "the engine at %s cannot be reached%s; try as this user: %s"
                                .formatted(engine, trouble(), spoken()));
            }
            Thread.sleep(LOOK_EVERY);
        }
        return URI.create("unix://" + socket);
    }

    @Override
    public String trouble() {
        return words.isEmpty() ? "" : "; ssh said: " + words;
    }

    @Override
    public void close() {
        Thread ending;
        synchronized (lock) {
            closed = true;
            ending = keeper;
        }
        if (ending == null) {
            return;
        }
        ending.interrupt();
        end(running);
        try {
            ending.join(END_LIMIT);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Also of a socket that an earlier process has left, nobody would answer. */
    private boolean answers() {
        try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
            return channel.connect(UnixDomainSocketAddress.of(socket));
        } catch (IOException e) {
            return false;
        }
    }

    private void requireShort() {
        int length = socket.toString().getBytes(StandardCharsets.UTF_8).length;
        if (length > LONGEST_SOCKET) {
            throw new FaultException(
                    Fault.ENGINE,
                    "the path %s is too long for a socket, by %d bytes; set daemon.state_dir to a shorter one"
                            .formatted(socket, length - LONGEST_SOCKET));
        }
    }

    private void keep() {
        Duration pause = FIRST_PAUSE;
        while (!closed) {
            long began = System.nanoTime();
            try {
                run();
            } catch (IOException e) {
                words = "it could not be started: " + e.getMessage();
            } catch (InterruptedException e) {
                break;
            }
            if (closed) {
                break;
            }
            LOG.warn("the way to an engine has ended engine={} ssh={}", engine, words);
            try {
                Thread.sleep(pause);
            } catch (InterruptedException e) {
                break;
            }
            boolean lasted = System.nanoTime() - began > LONGEST_PAUSE.toNanos();
            pause = lasted ? FIRST_PAUSE : longer(pause);
        }
        end(running);
    }

    private static Duration longer(Duration pause) {
        Duration doubled = pause.multipliedBy(2);
        return doubled.compareTo(LONGEST_PAUSE) > 0 ? LONGEST_PAUSE : doubled;
    }

    /** Runs ssh to its end. */
    private void run() throws IOException, InterruptedException {
        Files.deleteIfExists(socket);
        List<String> command = new ArrayList<>(List.of("/bin/sh", "-c", GUARD, "sh"));
        command.addAll(command());
        ProcessBuilder builder = new ProcessBuilder(command);
        Map<String, String> environment = builder.environment();
        environment.keySet().retainAll(VARIABLES);
        environment.put("LC_ALL", "C");
        builder.redirectOutput(ProcessBuilder.Redirect.DISCARD);
        Process process = builder.start();
        running = process;
        Thread welcome = Thread.ofVirtual().name("ssh-up").start(() -> forgetWordsWhenUp(process));
        try (BufferedReader said = process.errorReader(StandardCharsets.UTF_8)) {
            String last = "";
            for (String line = said.readLine(); line != null; line = said.readLine()) {
                if (!line.isBlank()) {
                    last = line.strip();
                    LOG.debug("ssh engine={} said={}", engine, last);
                }
            }
            int code = process.waitFor();
            words =
                    last.isEmpty()
                            ? "nothing, and ended with " + code
                            : last.substring(0, Math.min(last.length(), LONGEST_WORDS));
        } finally {
            welcome.interrupt();
            end(process);
        }
    }

    /** What it said before it was there is not what is wrong later. */
    private void forgetWordsWhenUp(Process process) {
        try {
            while (process.isAlive()) {
                if (answers()) {
                    words = "";
                    return;
                }
                Thread.sleep(LOOK_EVERY);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static void end(@Nullable Process process) {
        if (process == null) {
            return;
        }
        try {
            process.getOutputStream().close();
            if (process.waitFor(END_LIMIT.toMillis(), TimeUnit.MILLISECONDS)) {
                return;
            }
        } catch (IOException e) {
            LOG.debug("the input of ssh was closed already", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        process.descendants().forEach(ProcessHandle::destroyForcibly);
        process.destroyForcibly();
    }

    /** What is run, without what keeps it alive. */
    private String spoken() {
        return "ssh"
                + (configuration == null ? "" : " -F " + configuration)
                + " -o BatchMode=yes "
                + destination();
    }

    private String destination() {
        String user = engine.getRawUserInfo();
        String host = engine.getHost().replaceAll("[\\[\\]]", "");
        return (engine.getPort() < 0 ? "" : "-p " + engine.getPort() + " ")
                + (user == null ? "" : user + "@")
                + host;
    }

    private List<String> command() {
        List<String> command = new ArrayList<>(List.of("ssh"));
        if (configuration != null) {
            command.addAll(List.of("-F", configuration.toString()));
        }
        for (String option :
                List.of(
                        "BatchMode=yes",
                        "StrictHostKeyChecking=yes",
                        "ExitOnForwardFailure=yes",
                        "StreamLocalBindUnlink=yes",
                        "StreamLocalBindMask=0177",
                        "ControlMaster=no",
                        "ControlPath=none",
                        "ForwardAgent=no",
                        "ForwardX11=no",
                        "PermitLocalCommand=no",
                        "ConnectTimeout=" + Math.max(1, limit.toSeconds()),
                        "ServerAliveInterval=15",
                        "ServerAliveCountMax=3",
                        "LogLevel=ERROR")) {
            command.addAll(List.of("-o", option));
        }
        String path = engine.getRawPath();
        String theirs = path == null || path.length() < 2 ? USUAL_SOCKET : path;
        command.addAll(List.of("-nNT", "-L", socket + ":" + theirs));
        command.addAll(List.of(destination().split(" ")));
        return command;
    }
}
