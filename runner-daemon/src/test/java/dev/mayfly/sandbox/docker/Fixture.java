package dev.mayfly.sandbox.docker;

import static org.assertj.core.api.Assertions.assertThat;

import com.github.dockerjava.api.command.InspectContainerResponse;
import dev.mayfly.job.Cancellation;
import dev.mayfly.job.ImageReference;
import dev.mayfly.job.ImageSpec;
import dev.mayfly.job.JobId;
import dev.mayfly.job.LifeId;
import dev.mayfly.job.NetworkAccess;
import dev.mayfly.job.OwnedResource;
import dev.mayfly.job.Places;
import dev.mayfly.job.PoolName;
import dev.mayfly.job.Receipt;
import dev.mayfly.job.SecretValue;
import dev.mayfly.job.ServiceSpec;
import dev.mayfly.sandbox.DeliveredFile;
import dev.mayfly.sandbox.Hardening;
import dev.mayfly.sandbox.ImageRecords;
import dev.mayfly.sandbox.IntentLog;
import dev.mayfly.sandbox.Sandbox;
import dev.mayfly.sandbox.SandboxLimits;
import dev.mayfly.sandbox.SandboxSpec;
import dev.mayfly.sandbox.Step;
import dev.mayfly.sandbox.StepEnd;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;

/** A backend on the real engine, under a daemon name of its own. Needs the agent image. */
final class Fixture {

    static final String AGENT_IMAGE =
            Objects.requireNonNullElse(System.getenv("MAYFLY_AGENT_IMAGE"), "mayfly/agent:0.1.0");
    static final URI HOST =
            URI.create(
                    Objects.requireNonNullElse(
                            System.getenv("DOCKER_HOST"), "unix:///var/run/docker.sock"));
    static final SandboxLimits LIMITS = new SandboxLimits(256L << 20, 1.0, 128, 1024, 64L << 20);
    static final Hardening STRICT = new Hardening(true, Hardening.User.NON_ROOT, "");
    static final Hardening AS_IMAGE = new Hardening(false, Hardening.User.IMAGE, "");
    static final DockerSettings.Bounds BOUNDS =
            new DockerSettings.Bounds(
                    Duration.ofSeconds(30),
                    Duration.ofSeconds(30),
                    Duration.ofSeconds(1),
                    Duration.ofMinutes(10),
                    Duration.ofSeconds(5));

    final String daemon = "it-" + UUID.randomUUID().toString().substring(0, 8);
    final DockerEngine engine = new DockerEngine(HOST, BOUNDS);
    final MemoryIntents intents = new MemoryIntents();
    final List<String> notices = new CopyOnWriteArrayList<>();
    final TestImages images = new TestImages(engine, "mayfly-test-" + daemon);
    final DockerSandboxBackend backend = backend(new LifeId("life-1"));
    private final AtomicInteger jobs = new AtomicInteger();

    /** The same daemon in another life. */
    DockerSandboxBackend backend(LifeId life) {
        return backend(life, intents);
    }

    DockerSandboxBackend backend(LifeId life, IntentLog log) {
        return new DockerSandboxBackend(
                engine,
                new DockerSettings(HOST, AGENT_IMAGE, daemon, life, BOUNDS, 0),
                log,
                NO_RECORDS);
    }

    /** Takes all images for the operator's. */
    static final ImageRecords NO_RECORDS =
            new ImageRecords() {
                @Override
                public void begins(ImageReference image) {}

                @Override
                public void failed(ImageReference image) {}

                @Override
                public void brought(
                        ImageReference image, String id, Holder holder, boolean operators) {}

                @Override
                public boolean operators(ImageReference image, String id) {
                    return true;
                }

                @Override
                public boolean usable(ImageReference image, String id, Holder asking) {
                    return true;
                }

                @Override
                public boolean crowded() {
                    return false;
                }

                @Override
                public void keep(Set<String> ids, Set<String> names, long asOf) {}

                @Override
                public Optional<String> pin(PoolName pool, String run, ImageReference image) {
                    return Optional.empty();
                }

                @Override
                public String pin(
                        PoolName pool, String run, ImageReference image, String identity) {
                    return identity;
                }
            };

    /** What remembers intents as long as the test runs. */
    static final class MemoryIntents implements IntentLog {
        private final Map<JobId, List<OwnedResource>> intended = new ConcurrentHashMap<>();

        @Override
        public void intend(JobId job, OwnedResource resource) {
            intended.computeIfAbsent(job, j -> new CopyOnWriteArrayList<>()).add(resource);
        }

        @Override
        public List<OwnedResource> intended(JobId job) {
            return List.copyOf(intended.getOrDefault(job, List.of()));
        }
    }

    /**
     * How much the processes of this name in the job's container have written, as the host counts.
     */
    long bytesWrittenBy(JobId job, String program) throws InterruptedException {
        String[][] processes =
                engine.call(
                                "listing processes",
                                c ->
                                        c.topContainerCmd(Role.JOB.nameFor(job))
                                                .withPsArgs("-o pid,comm")
                                                .exec())
                        .getProcesses();
        long written = 0;
        for (String[] process : processes) {
            if (process[1].equals(program)) {
                written += charactersWritten(process[0]);
            }
        }
        return written;
    }

    private static long charactersWritten(String pid) {
        try (Stream<String> lines = Files.lines(Path.of("/proc", pid, "io"))) {
            return lines.filter(line -> line.startsWith("wchar: "))
                    .mapToLong(line -> Long.parseLong(line.substring("wchar: ".length())))
                    .sum();
        } catch (NoSuchFileException e) {
            return 0; // it has ended since it was listed
        } catch (IOException | UncheckedIOException e) {
            // The same, in the middle of reading.
            if (!Files.exists(Path.of("/proc", pid))) {
                return 0;
            }
            throw e instanceof IOException failed
                    ? new UncheckedIOException(failed)
                    : (UncheckedIOException) e;
        }
    }

    JobId newJob() {
        return new JobId("%s-%d".formatted(daemon, jobs.incrementAndGet()));
    }

    SandboxSpec spec() {
        return new SandboxSpec(
                newJob(),
                new PoolName("untrusted"),
                new ImageSpec(AGENT_IMAGE, List.of()),
                List.of(),
                List.of(),
                NetworkAccess.NONE,
                SandboxSpec.Checkout.NOTHING,
                Places.SOURCES,
                LIMITS,
                STRICT);
    }

    static SandboxSpec with(SandboxSpec s, String image, String... entrypoint) {
        return new SandboxSpec(
                s.job(),
                s.pool(),
                new ImageSpec(image, List.of(entrypoint)),
                s.services(),
                s.registries(),
                s.network(),
                s.checkout(),
                s.directory(),
                s.limits(),
                s.hardening());
    }

    static SandboxSpec with(SandboxSpec s, Hardening hardening) {
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
                hardening);
    }

    static SandboxSpec with(SandboxSpec s, NetworkAccess network, ServiceSpec... services) {
        return new SandboxSpec(
                s.job(),
                s.pool(),
                s.image(),
                List.of(services),
                s.registries(),
                network,
                s.checkout(),
                s.directory(),
                s.limits(),
                s.hardening());
    }

    static SandboxSpec with(SandboxSpec s, SandboxSpec.Checkout checkout) {
        return new SandboxSpec(
                s.job(),
                s.pool(),
                s.image(),
                s.services(),
                s.registries(),
                s.network(),
                checkout,
                s.directory(),
                s.limits(),
                s.hardening());
    }

    Sandbox create(SandboxSpec spec) throws InterruptedException {
        return backend.create(spec, notices::add);
    }

    /** What came of a step. */
    record Result(StepEnd end, String output) {}

    static Step shell(String... lines) {
        return shell(Map.of(), lines);
    }

    static Step shell(Map<String, String> environment, String... lines) {
        return new Step(
                "script",
                Step.Place.JOB,
                new Step.Program.Shell(List.of(lines)),
                environment,
                List.of(),
                null);
    }

    static Step inHelper(String... lines) {
        return new Step(
                "checkout",
                Step.Place.HELPER,
                new Step.Program.Shell(List.of(lines)),
                Map.of(),
                List.of(),
                null);
    }

    static DeliveredFile file(String name, String value) {
        return new DeliveredFile(name, new SecretValue(value.getBytes(StandardCharsets.UTF_8)));
    }

    static Result run(Sandbox sandbox, String... lines) throws InterruptedException {
        return run(sandbox, shell(lines));
    }

    static Result run(Sandbox sandbox, Step step) throws InterruptedException {
        return run(sandbox, step, Duration.ofSeconds(60), new Cancellation());
    }

    static Result run(Sandbox sandbox, Step step, Duration limit, Cancellation cancellation)
            throws InterruptedException {
        ByteArrayOutputStream output = new ByteArrayOutputStream();
        StepEnd end = sandbox.run(step, output::write, limit, cancellation);
        return new Result(end, output.toString(StandardCharsets.UTF_8));
    }

    InspectContainerResponse inspect(JobId job, Role role) throws InterruptedException {
        return inspect(role.nameFor(job));
    }

    InspectContainerResponse inspect(String container) throws InterruptedException {
        return engine.call("inspecting", client -> client.inspectContainerCmd(container).exec());
    }

    /** Destroys, and shows that it did. */
    List<Receipt.Disposal> destroy(JobId job) throws InterruptedException {
        List<Receipt.Disposal> disposals = backend.destroy(job);
        assertThat(disposals).allMatch(Receipt.Disposal::verified);
        return disposals;
    }

    /** Everything in the engine that carries this daemon's name. */
    List<String> leftovers() throws InterruptedException {
        List<String> label = List.of(Labels.DAEMON + "=" + daemon);
        return engine.call(
                "listing",
                client -> {
                    List<String> left = new ArrayList<>();
                    client.listContainersCmd()
                            .withShowAll(true)
                            .withLabelFilter(label)
                            .exec()
                            .forEach(c -> left.add("container " + c.getNames()[0]));
                    client.listNetworksCmd()
                            .withFilter("label", label)
                            .exec()
                            .forEach(n -> left.add("network " + n.getName()));
                    client.listVolumesCmd()
                            .withFilter("label", label)
                            .exec()
                            .getVolumes()
                            .forEach(v -> left.add("volume " + v.getName()));
                    return left;
                });
    }

    /** Destroys whatever a test left and reports it as a failure of that test. */
    void assertNothingLeft() throws InterruptedException {
        List<String> left = leftovers();
        for (JobId job : backend.abandoned(Set.of()).jobs()) {
            backend.destroy(job);
        }
        assertThat(left).as("left in the engine by the test").isEmpty();
    }

    void close() throws InterruptedException {
        images.close();
        engine.close();
    }
}
