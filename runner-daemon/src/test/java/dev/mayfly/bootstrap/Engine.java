package dev.mayfly.bootstrap;

import static org.assertj.core.api.Assertions.assertThat;

import com.github.dockerjava.api.DockerClient;
import com.github.dockerjava.api.async.ResultCallback;
import com.github.dockerjava.api.model.Container;
import com.github.dockerjava.api.model.Event;
import com.github.dockerjava.core.DefaultDockerClientConfig;
import com.github.dockerjava.core.DockerClientImpl;
import com.github.dockerjava.zerodep.ZerodepDockerHttpClient;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** What the engine holds, asked without Mayfly's own code. */
final class Engine implements AutoCloseable {

    private static final String DAEMON = "dev.mayfly.daemon";
    private static final String JOB = "dev.mayfly.job";
    private static final String ROLE = "dev.mayfly.role";

    private final DockerClient client;

    Engine() {
        DefaultDockerClientConfig config =
                DefaultDockerClientConfig.createDefaultConfigBuilder()
                        .withDockerHost(
                                Objects.requireNonNullElse(
                                        System.getenv("DOCKER_HOST"),
                                        "unix:///var/run/docker.sock"))
                        .build();
        client =
                DockerClientImpl.getInstance(
                        config,
                        new ZerodepDockerHttpClient.Builder()
                                .dockerHost(config.getDockerHost())
                                .build());
    }

    /** Everything of one daemon. */
    Set<String> of(String daemon) {
        return everything(labels -> daemon.equals(labels.get(DAEMON)));
    }

    /**
     * Everything, labelled or not, but what other daemons and tests on the same engine have
     * labelled as theirs.
     *
     * @param daemons whose things count
     */
    Set<String> everythingBut(Set<String> daemons) {
        return everything(labels ->
                !labels.containsKey("dev.mayfly.test")
                        && (!labels.containsKey(DAEMON) || daemons.contains(labels.get(DAEMON))));
    }

    private Set<String> everything(Predicate<Map<String, String>> counts) {
        Set<String> names = new TreeSet<>();
        client.listContainersCmd().withShowAll(true).exec().stream()
                .filter(c -> counts.test(c.getLabels()))
                .forEach(c -> names.add("container " + c.getId()));
        client.listNetworksCmd().exec().stream()
                .filter(n -> counts.test(orNone(n.getLabels())))
                .forEach(n -> names.add("network " + n.getId() + " " + n.getName()));
        client.listVolumesCmd().exec().getVolumes().stream()
                .filter(v -> counts.test(orNone(v.getLabels())))
                .forEach(v -> names.add("volume " + v.getName()));
        return names;
    }

    /** Ids of running containers of one daemon. */
    List<String> running(String daemon) {
        return client.listContainersCmd().withLabelFilter(Map.of(DAEMON, daemon)).exec().stream()
                .map(Container::getId)
                .toList();
    }

    /** Containers of scripts, as far as they run: what measures or relays beside them left out. */
    List<String> scriptsRunning(String daemon) {
        return client
                .listContainersCmd()
                .withLabelFilter(Map.of(DAEMON, daemon, ROLE, "job"))
                .exec()
                .stream()
                .map(Container::getId)
                .toList();
    }

    /** Names of the containers of one job, running or not. */
    List<String> containersOf(String job) {
        return client
                .listContainersCmd()
                .withShowAll(true)
                .withLabelFilter(Map.of(JOB, job))
                .exec()
                .stream()
                .map(Container::getId)
                .toList();
    }

    /** The one container of a job that has a role in it. */
    String containerOf(String job, String role) {
        return client
                .listContainersCmd()
                .withLabelFilter(Map.of(JOB, job, ROLE, role))
                .exec()
                .stream()
                .map(Container::getId)
                .findFirst()
                .orElseThrow();
    }

    /** Every IPv4 address of this host but loopback. */
    static List<String> hostAddresses() {
        try {
            return Collections.list(NetworkInterface.getNetworkInterfaces()).stream()
                    .flatMap(NetworkInterface::inetAddresses)
                    .filter(a -> a instanceof Inet4Address && !a.isLoopbackAddress())
                    .map(InetAddress::getHostAddress)
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    String dataRoot() {
        return Objects.requireNonNull(client.infoCmd().exec().getDockerRootDir());
    }

    /** Listens to what happens from now on. */
    Happenings listen() throws InterruptedException {
        return new Happenings(client);
    }

    @Override
    public void close() throws IOException {
        client.close();
    }

    /** Runs the docker command line, which must succeed. */
    static String docker(String... arguments) throws IOException, InterruptedException {
        ProcessBuilder builder = new ProcessBuilder("docker");
        builder.command().addAll(List.of(arguments));
        return Programs.output(builder);
    }

    /** Makes an image whose container does nothing, for a service; to be removed by its name. */
    static String idleImage(Path directory) throws IOException, InterruptedException {
        Path context = Files.createDirectory(directory.resolve("idle-image"));
        Files.writeString(
                context.resolve("Dockerfile"),
                "FROM %s\nENTRYPOINT []\nCMD [\"sleep\", \"600\"]\n"
                        .formatted(Installation.AGENT_IMAGE));
        String image = "mayfly-test-idle-" + directory.getFileName() + ":1";
        docker("build", "--quiet", "--tag", image.toLowerCase(Locale.ROOT), context.toString());
        return image.toLowerCase(Locale.ROOT);
    }

    private static Map<String, String> orNone(@Nullable Map<String, String> labels) {
        return labels == null ? Map.of() : labels;
    }

    /** What the engine reports while it happens. */
    static final class Happenings implements AutoCloseable {

        private final List<Event> events = new CopyOnWriteArrayList<>();
        private final ResultCallback.Adapter<Event> listening;

        private Happenings(DockerClient client) throws InterruptedException {
            Consumer<Event> keep = events::add;
            listening =
                    client.eventsCmd()
                            .exec(
                                    new ResultCallback.Adapter<>() {
                                        @Override
                                        public void onNext(Event event) {
                                            keep.accept(event);
                                        }
                                    });
            assertThat(listening.awaitStarted(10, TimeUnit.SECONDS)).isTrue();
        }

        /** Ids of the containers that were created for a job in a role. */
        List<String> created(String job, String role) {
            return events.stream()
                    .filter(e -> "container".equals(type(e)) && "create".equals(e.getAction()))
                    .filter(e -> job.equals(attributes(e).get(JOB)))
                    .filter(e -> role.equals(attributes(e).get(ROLE)))
                    .map(e -> Objects.requireNonNull(Objects.requireNonNull(e.getActor()).getId()))
                    .toList();
        }

        /** Whatever the engine did to something that bears the name of a job. */
        List<String> about(String job) {
            return events.stream()
                    .filter(event ->
                            attributes(event).values().stream().anyMatch(v -> v.contains(job)))
                    .map(event -> type(event) + " " + event.getAction())
                    .toList();
        }

        /** References of images that were pulled. */
        List<String> pulled() {
            return events.stream()
                    .filter(e -> "image".equals(type(e)) && "pull".equals(e.getAction()))
                    .map(e -> Objects.requireNonNull(e.getActor()).getId())
                    .toList();
        }

        /** Ids of containers, and names of the volumes and networks that they were given. */
        Set<String> touched(String job) {
            Set<String> containers = new TreeSet<>();
            for (Event event : events) {
                if ("container".equals(type(event)) && job.equals(attributes(event).get(JOB))) {
                    containers.add(Objects.requireNonNull(event.getActor()).getId());
                }
            }
            Set<String> touched = new TreeSet<>(containers);
            for (Event event : events) {
                String container = attributes(event).get("container");
                // Every container without a network of its own is on the one called none.
                if (container != null
                        && containers.contains(container)
                        && !"none".equals(attributes(event).get("name"))) {
                    touched.add(
                            type(event) + " " + Objects.requireNonNull(event.getActor()).getId());
                }
            }
            return touched;
        }

        @Override
        public void close() throws IOException {
            listening.close();
        }

        private static String type(Event event) {
            return Objects.requireNonNull(event.getType()).getValue();
        }

        private static Map<String, String> attributes(Event event) {
            return event.getActor() == null ? Map.of() : orNone(event.getActor().getAttributes());
        }
    }

    /** Programs of the host. */
    static final class Programs {

        private Programs() {}

        static String output(ProcessBuilder builder) throws IOException, InterruptedException {
            Process process = builder.redirectErrorStream(true).start();
            process.getOutputStream().close();
            String said =
                    new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
            assertThat(process.exitValue()).as("%s said: %s", builder.command(), said).isZero();
            return said.strip();
        }
    }
}
