package dev.mayfly.sandbox.docker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mayfly.Eventually;
import dev.mayfly.job.Cancellation;
import dev.mayfly.job.Fault;
import dev.mayfly.job.FaultException;
import dev.mayfly.job.JobId;
import dev.mayfly.job.LifeId;
import dev.mayfly.job.NetworkAccess;
import dev.mayfly.job.OwnedResource;
import dev.mayfly.job.OwnedResource.Kind;
import dev.mayfly.job.Receipt;
import dev.mayfly.job.Receipt.Disposal;
import dev.mayfly.job.ServiceSpec;
import dev.mayfly.sandbox.IntentLog;
import dev.mayfly.sandbox.Sandbox;
import dev.mayfly.sandbox.SandboxSpec;
import dev.mayfly.sandbox.SandboxSpec.Checkout;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The end of environments in every state. Needs an engine and the agent image. */
@Timeout(180)
class TeardownIT {

    private static final Fixture FIXTURE = new Fixture();
    private static final Duration LIMIT = Duration.ofSeconds(20);

    @AfterEach
    void nothingIsLeft() throws InterruptedException {
        FIXTURE.assertNothingLeft();
    }

    @AfterAll
    static void close() throws InterruptedException {
        FIXTURE.close();
    }

    private static SandboxSpec rich() throws InterruptedException {
        String image = FIXTURE.images.busybox("store", "VOLUME /var", "CMD [\"sleep\", \"1000\"]");
        return Fixture.with(
                Fixture.with(
                        FIXTURE.spec(),
                        NetworkAccess.NONE,
                        new ServiceSpec(image, "store", List.of(), Map.of())),
                Checkout.ONLINE);
    }

    private static List<String> resources(List<Disposal> disposals) {
        return disposals.stream()
                .map(d -> d.resource().kind() + " " + d.resource().name())
                .toList();
    }

    @Test
    void everyPartIsRemovedAndItsAbsenceShown() throws InterruptedException {
        SandboxSpec spec = rich();
        FIXTURE.create(spec);
        JobId job = spec.job();
        String anonymous =
                Objects.requireNonNull(FIXTURE.inspect(Role.SERVICE.nameFor(job, 0)).getMounts())
                        .stream()
                        .map(mount -> String.valueOf(mount.getName()))
                        .filter(name -> !name.startsWith("mayfly-"))
                        .findFirst()
                        .orElseThrow();
        List<Disposal> disposals = FIXTURE.destroy(job);
        assertThat(resources(disposals))
                .containsExactlyInAnyOrder(
                        "CONTAINER mayfly-" + job + "-job",
                        "CONTAINER mayfly-" + job + "-helper",
                        "CONTAINER mayfly-" + job + "-service-0",
                        "NETWORK mayfly-" + job + "-network",
                        "NETWORK mayfly-" + job + "-checkout",
                        "VOLUME mayfly-" + job + "-workspace",
                        "VOLUME mayfly-" + job + "-agent",
                        "VOLUME " + anonymous);
        assertThat(disposals)
                .extracting(Disposal::evidence)
                .contains(
                        "GET /containers/mayfly-" + job + "-job/json answered 404",
                        "GET /networks/mayfly-" + job + "-network answered 404",
                        "GET /volumes/" + anonymous + " answered 404");
        assertThat(FIXTURE.leftovers()).isEmpty();
    }

    @Test
    void destroyingAgainVerifiesAgain() throws InterruptedException {
        SandboxSpec spec = FIXTURE.spec();
        FIXTURE.create(spec);
        List<Disposal> first = FIXTURE.destroy(spec.job());
        List<Disposal> second = FIXTURE.destroy(spec.job());
        assertThat(resources(second)).containsExactlyInAnyOrderElementsOf(resources(first));
    }

    @Test
    void jobThatNeverExistedHasNothingToDestroy() throws InterruptedException {
        assertThat(FIXTURE.backend.destroy(FIXTURE.newJob())).isEmpty();
    }

    @Test
    void laterLifeFindsAndDestroysByLabelsAlone() throws InterruptedException {
        SandboxSpec spec = rich();
        FIXTURE.create(spec);
        DockerSandboxBackend later =
                FIXTURE.backend(new LifeId("life-2"), new Fixture.MemoryIntents());
        assertThat(later.abandoned(Set.of(new LifeId("life-2"))).jobs())
                .containsExactly(spec.job());
        assertThat(later.abandoned(Set.of(new LifeId("life-1"), new LifeId("life-2"))).jobs())
                .isEmpty();
        assertThat(later.destroy(spec.job())).hasSize(8).allMatch(Disposal::verified);
        assertThat(later.abandoned(Set.of()).jobs()).isEmpty();
    }

    @Test
    void destroyingAStepThatFloodsANobodyReadsDoesNotHang()
            throws InterruptedException, ExecutionException, TimeoutException {
        SandboxSpec spec = FIXTURE.spec();
        Sandbox sandbox = FIXTURE.create(spec);
        CountDownLatch flooding = new CountDownLatch(1);
        FutureTask<Void> step =
                new FutureTask<>(() -> {
                    sandbox.run(
                            Fixture.shell("exec cat /dev/zero"),
                            (bytes, offset, length) -> {
                                flooding.countDown();
                                new CountDownLatch(1).await(5, TimeUnit.MINUTES);
                            },
                            Duration.ofMinutes(5),
                            new Cancellation());
                    return null;
                });
        Thread job = Thread.ofVirtual().start(step);
        assertThat(flooding.await(30, TimeUnit.SECONDS)).isTrue();
        // Every pipe on the way is full, which is when the engine would hang.
        Eventually.standsStill(
                "what cat has written", LIMIT, () -> FIXTURE.bytesWrittenBy(spec.job(), "cat"));
        long before = System.nanoTime();
        FIXTURE.destroy(spec.job());
        assertThat(Duration.ofNanos(System.nanoTime() - before)).isLessThan(Duration.ofSeconds(10));
        job.interrupt();
        assertThatThrownBy(() -> step.get(10, TimeUnit.SECONDS))
                .hasCauseInstanceOf(InterruptedException.class);
    }

    @Test
    void containerThatIsKilledUnderAStepIsAnEngineFault() throws InterruptedException {
        SandboxSpec spec = FIXTURE.spec();
        Sandbox sandbox = FIXTURE.create(spec);
        String container = Role.JOB.nameFor(spec.job());
        try {
            assertThatThrownBy(() ->
                            sandbox.run(
                                    Fixture.shell("echo on; sleep 60"),
                                    (bytes, offset, length) ->
                                            FIXTURE.engine.call(
                                                    "killing",
                                                    c -> c.killContainerCmd(container).exec()),
                                    Duration.ofSeconds(60),
                                    new Cancellation()))
                    .isInstanceOf(FaultException.class)
                    .hasMessageContaining(container + " went away while step script ran")
                    .extracting(e -> ((FaultException) e).fault())
                    .isEqualTo(Fault.ENGINE);
        } finally {
            FIXTURE.destroy(spec.job());
        }
    }

    @Test
    void closingTheStreamEndsTheContainer() throws InterruptedException {
        SandboxSpec spec = FIXTURE.spec();
        FIXTURE.create(spec);
        String container = Role.JOB.nameFor(spec.job());
        try {
            // What the death of the daemon's process does to its connections.
            FIXTURE.backend.streams().close(spec.job());
            Eventually.holds("the container has ended", LIMIT, () -> !running(container));
        } finally {
            FIXTURE.destroy(spec.job());
        }
    }

    private static boolean running(String container) throws InterruptedException {
        return Boolean.TRUE.equals(FIXTURE.inspect(container).getState().getRunning());
    }

    @Test
    void nameThatBelongsToSomebodyElseIsLeftAlone() throws InterruptedException {
        JobId job = FIXTURE.newJob();
        String name = Role.WORKSPACE.nameFor(job);
        FIXTURE.intents.intend(job, new OwnedResource(Kind.VOLUME, name));
        Map<String, String> labels =
                Map.of(Labels.DAEMON, FIXTURE.daemon + "-other", Labels.JOB, job.value());
        FIXTURE.engine.call(
                "creating", c -> c.createVolumeCmd().withName(name).withLabels(labels).exec());
        try {
            List<Disposal> disposals = FIXTURE.destroy(job);
            assertThat(disposals)
                    .singleElement()
                    .extracting(Disposal::evidence)
                    .asString()
                    .contains("belongs to somebody else");
            assertThat(FIXTURE.engine.find("inspecting", c -> c.inspectVolumeCmd(name).exec()))
                    .isPresent();
        } finally {
            FIXTURE.engine.call(
                    "removing",
                    c -> {
                        c.removeVolumeCmd(name).exec();
                        return name;
                    });
        }
    }

    @Test
    void whatCannotBeRemovedIsReportedAndNotHidden() throws InterruptedException {
        SandboxSpec spec = FIXTURE.spec();
        FIXTURE.create(spec);
        String volume = Role.WORKSPACE.nameFor(spec.job());
        // A container of somebody else that mounts the volume keeps it from being removed.
        String holder =
                FIXTURE.engine.call(
                        "creating",
                        c ->
                                c.createContainerCmd(Fixture.AGENT_IMAGE)
                                        .withHostConfig(
                                                com.github.dockerjava.api.model.HostConfig
                                                        .newHostConfig()
                                                        .withBinds(
                                                                com.github.dockerjava.api.model.Bind
                                                                        .parse(volume + ":/w")))
                                        .exec()
                                        .getId());
        try {
            List<Disposal> disposals = FIXTURE.backend.destroy(spec.job());
            assertThat(disposals.stream().filter(d -> !d.verified()))
                    .singleElement()
                    .satisfies(d -> assertThat(d.resource().name()).isEqualTo(volume))
                    .satisfies(d -> assertThat(d.evidence()).contains("still there"));
            assertThat(
                            new Receipt(
                                            spec.job(),
                                            new LifeId("x"),
                                            java.time.Instant.EPOCH,
                                            disposals)
                                    .clean())
                    .isFalse();
        } finally {
            FIXTURE.engine.call(
                    "removing",
                    c -> {
                        c.removeContainerCmd(holder).withForce(true).exec();
                        return holder;
                    });
            FIXTURE.destroy(spec.job());
        }
    }

    @Test
    void everyPartIsIntendedBeforeItExists() throws InterruptedException {
        SandboxSpec spec = rich();
        Fixture.MemoryIntents memory = new Fixture.MemoryIntents();
        IntentLog checking =
                new IntentLog() {
                    @Override
                    public void intend(JobId job, OwnedResource resource) {
                        try {
                            assertThat(FIXTURE.leftovers())
                                    .noneMatch(left -> left.endsWith(resource.name()));
                        } catch (InterruptedException e) {
                            throw new IllegalStateException(e);
                        }
                        memory.intend(job, resource);
                    }

                    @Override
                    public List<OwnedResource> intended(JobId job) {
                        return memory.intended(job);
                    }
                };
        DockerSandboxBackend backend = FIXTURE.backend(new LifeId("life-1"), checking);
        backend.create(spec, text -> {});
        try {
            assertThat(memory.intended(spec.job())).hasSize(7);
        } finally {
            assertThat(backend.destroy(spec.job())).allMatch(Disposal::verified);
        }
    }

    @Test
    void interruptedCreationIsDestroyedLikeAnyOther() throws InterruptedException {
        for (int things = 0; things <= 7; things++) {
            int reached = things;
            SandboxSpec spec = rich();
            Thread creating =
                    Thread.ofVirtual()
                            .start(() -> {
                                try {
                                    FIXTURE.create(spec);
                                } catch (InterruptedException | FaultException e) {
                                    Thread.currentThread().interrupt();
                                }
                            });
            Eventually.holds(
                    reached + " things exist or all do",
                    LIMIT,
                    () -> FIXTURE.leftovers().size() >= reached || !creating.isAlive());
            creating.interrupt();
            assertThat(creating.join(Duration.ofSeconds(30))).isTrue();
            FIXTURE.destroy(spec.job());
            assertThat(FIXTURE.leftovers()).as("interrupted with %d things", reached).isEmpty();
        }
    }

    @Test
    void manyJobsAtOnceLeaveNeitherThingsNorThreads() throws Exception {
        long before = streamThreads();
        List<FutureTask<String>> jobs =
                Stream.generate(() ->
                                new FutureTask<>(() -> {
                                    SandboxSpec spec = FIXTURE.spec();
                                    try {
                                        return Fixture.run(
                                                        FIXTURE.create(spec), "echo " + spec.job())
                                                .output();
                                    } finally {
                                        FIXTURE.destroy(spec.job());
                                    }
                                }))
                        .limit(16)
                        .toList();
        jobs.forEach(Thread::startVirtualThread);
        Set<String> said = new HashSet<>();
        for (FutureTask<String> job : jobs) {
            said.add(job.get(60, TimeUnit.SECONDS));
        }
        assertThat(said).as("each job saw its own output").hasSize(16);
        assertThat(FIXTURE.leftovers()).isEmpty();
        Eventually.holds(
                "docker-java's threads are as few as before",
                LIMIT,
                () -> streamThreads() <= before);
    }

    private static long streamThreads() {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().startsWith("docker-java"))
                .count();
    }
}
