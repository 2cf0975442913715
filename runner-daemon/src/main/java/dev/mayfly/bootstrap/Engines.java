package dev.mayfly.bootstrap;

import dev.mayfly.config.EngineSettings;
import dev.mayfly.config.MayflySettings;
import dev.mayfly.config.PoolSettings;
import dev.mayfly.images.SqliteImageRecords;
import dev.mayfly.job.FaultException;
import dev.mayfly.job.PoolName;
import dev.mayfly.sandbox.Barrier;
import dev.mayfly.sandbox.EngineName;
import dev.mayfly.sandbox.EnginesByPool;
import dev.mayfly.sandbox.SandboxBackend;
import dev.mayfly.sandbox.docker.DockerEngine;
import dev.mayfly.sandbox.docker.DockerSandboxBackend;
import dev.mayfly.sandbox.docker.DockerSettings;
import dev.mayfly.sandbox.docker.EngineReport;
import dev.mayfly.sandbox.docker.SshRoute;
import dev.mayfly.state.StateDirectory;
import dev.mayfly.state.StateException;
import dev.mayfly.state.StateStore;
import dev.mayfly.teardown.Lives;
import dev.mayfly.teardown.SqliteJournal;
import dev.mayfly.teardown.SqliteJournal.KnownEngine;
import java.io.IOException;
import java.net.URI;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The engines of all pools, each once, and those that no pool uses any more but on which something
 * of an earlier life may be left.
 */
final class Engines implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(Engines.class);

    private final MayflySettings settings;
    private final Lives lives;
    private final StateStore store;
    private final StateDirectory directory;
    private final Map<EngineName, One> engines = new LinkedHashMap<>();
    private final EnginesByPool sandboxes;

    /**
     * One engine.
     *
     * @param settings what the configuration says of it
     * @param barriers of the pools on it; empty for one that no pool uses any more
     */
    private record One(
            EngineSettings settings,
            DockerEngine engine,
            DockerSettings docker,
            DockerSandboxBackend backend,
            Map<PoolName, Barrier> barriers) {}

    /** Puts them together; calls nobody. */
    Engines(
            MayflySettings settings,
            Lives lives,
            StateDirectory directory,
            SqliteJournal journal,
            StateStore store) {
        this.store = store;
        this.settings = settings;
        this.lives = lives;
        this.directory = directory;
        removeDeadSockets();
        // Before there were several, there was this one.
        journal.locate(name(settings.engine()));
        Map<PoolName, EngineName> pools = new LinkedHashMap<>();
        for (PoolSettings pool : settings.pools()) {
            EngineName name = name(pool.engine());
            pools.put(pool.terms().pool(), name);
            if (!engines.containsKey(name)) {
                engines.put(name, open(pool.engine(), barriersOf(name), journal));
            }
        }
        for (KnownEngine former : journal.engines()) {
            if (!engines.containsKey(former.name())) {
                LOG.info("something may be left on an engine of no pool engine={}", former.name());
                engines.put(former.name(), open(settingsOf(former), Map.of(), journal));
            }
        }
        Map<EngineName, SandboxBackend> backends = new LinkedHashMap<>();
        engines.forEach((name, one) -> backends.put(name, one.backend()));
        sandboxes =
                new EnginesByPool(
                        pools,
                        backends,
                        job -> {
                            try {
                                return journal.of(job);
                            } catch (StateException e) {
                                LOG.error("the journal is lost, job={} may be anywhere", job, e);
                                return Optional.empty();
                            }
                        });
    }

    static EngineName name(EngineSettings engine) {
        return new EngineName(engine.host().toString());
    }

    SandboxBackend sandboxes() {
        return sandboxes;
    }

    private Map<PoolName, Barrier> barriersOf(EngineName engine) {
        Map<PoolName, Barrier> barriers = new LinkedHashMap<>();
        for (PoolSettings pool : settings.pools()) {
            if (name(pool.engine()).equals(engine)) {
                barriers.put(pool.terms().pool(), pool.terms().hardening().barrier());
            }
        }
        return barriers;
    }

    /** It is only used to take things away. */
    private EngineSettings settingsOf(KnownEngine former) {
        URI host = URI.create(former.name().value());
        boolean ssh = "ssh".equals(host.getScheme());
        return new EngineSettings(
                host,
                ssh ? null : former.credentials(),
                ssh ? former.credentials() : null,
                settings.engine().callTimeout(),
                settings.engine().pullTimeout(),
                0,
                true);
    }

    private One open(
            EngineSettings engine, Map<PoolName, Barrier> barriers, SqliteJournal journal) {
        DockerSettings docker = docker(engine);
        boolean ssh = "ssh".equals(engine.host().getScheme());
        DockerEngine door =
                ssh
                        ? DockerEngine.through(
                                new SshRoute(
                                        engine.host(),
                                        engine.sshConfig(),
                                        socket(engines.size()),
                                        engine.callTimeout()),
                                docker.bounds())
                        : new DockerEngine(engine.host(), engine.certificates(), docker.bounds());
        KnownEngine known =
                new KnownEngine(name(engine), ssh ? engine.sshConfig() : engine.certificates());
        return new One(
                engine,
                door,
                docker,
                new DockerSandboxBackend(
                        door,
                        docker,
                        journal.on(known),
                        new SqliteImageRecords(
                                store, engine.host().toString(), InstantSource.system()),
                        barriers),
                barriers);
    }

    private Path socket(int number) {
        return directory
                .engines()
                .resolve("%d-%d".formatted(ProcessHandle.current().pid(), number));
    }

    /** Each process has its own, named by its number. */
    private void removeDeadSockets() {
        try (DirectoryStream<Path> sockets = Files.newDirectoryStream(directory.engines())) {
            for (Path socket : sockets) {
                String pid = socket.getFileName().toString().replaceFirst("-.*", "");
                if (pid.matches("[0-9]{1,9}") && ProcessHandle.of(Long.parseLong(pid)).isEmpty()) {
                    Files.deleteIfExists(socket);
                }
            }
        } catch (IOException e) {
            LOG.warn("{} cannot be swept: {}", directory.engines(), e.getMessage());
        }
    }

    private DockerSettings docker(EngineSettings engine) {
        DockerSettings.Bounds usual = DockerSettings.Bounds.DEFAULT;
        return new DockerSettings(
                engine.host(),
                settings.agent().image(),
                lives.daemonId(),
                lives.current(),
                new DockerSettings.Bounds(
                        engine.callTimeout(),
                        engine.pullTimeout(),
                        usual.grace(),
                        longestJob().plus(usual.lifetime()),
                        usual.serviceStart()),
                engine.minFreeBytes(),
                engine.withoutLimits());
    }

    private Duration longestJob() {
        return settings.pools().stream()
                .map(pool -> pool.terms().timeout())
                .max(Duration::compareTo)
                .orElse(Duration.ZERO);
    }

    /**
     * What engines that answer lack for the pools that are to run on them. One that does not answer
     * may do so later.
     */
    List<String> lacks() throws InterruptedException {
        List<String> lacks = new ArrayList<>();
        for (One one : engines.values()) {
            for (PoolName pool : one.barriers().keySet()) {
                try {
                    one.backend().unfitBecause(pool).ifPresent(lacks::add);
                } catch (FaultException e) {
                    LOG.warn("an engine does not answer pool={} because={}", pool, e.getMessage());
                    break;
                }
            }
        }
        return lacks;
    }

    /** What a person wants to know of each engine of a pool, in the order of the pools. */
    Map<EngineName, EngineReport> examine() throws InterruptedException {
        Map<EngineName, EngineReport> reports = new LinkedHashMap<>();
        for (Map.Entry<EngineName, One> entry : engines.entrySet()) {
            One one = entry.getValue();
            if (!one.barriers().isEmpty()) {
                reports.put(
                        entry.getKey(),
                        EngineReport.of(one.engine(), one.docker(), one.barriers()));
            }
        }
        return reports;
    }

    @Override
    public void close() {
        engines.values().forEach(one -> one.engine().close());
    }
}
