package dev.mayfly.bootstrap;

import dev.mayfly.config.Environment;
import dev.mayfly.config.GitLabSettings;
import dev.mayfly.config.MayflySettings;
import dev.mayfly.execution.PoolTerms;
import dev.mayfly.job.PoolName;
import dev.mayfly.job.Receipt;
import dev.mayfly.logs.MaskedText;
import dev.mayfly.metrics.HostMetrics;
import dev.mayfly.source.JobSource;
import dev.mayfly.source.gitlab.Connection;
import dev.mayfly.source.gitlab.GitLabSource;
import dev.mayfly.source.gitlab.GitLabSourceSettings;
import dev.mayfly.source.gitlab.ProxyRoute;
import dev.mayfly.source.gitlab.Registrations;
import dev.mayfly.source.gitlab.RunnerApi;
import dev.mayfly.source.gitlab.RunnerInfo;
import dev.mayfly.source.gitlab.ServerAddress;
import dev.mayfly.source.gitlab.SystemId;
import dev.mayfly.state.StateDirectory;
import dev.mayfly.state.StateException;
import io.vertx.core.Vertx;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/** The runners at GitLab servers that a configuration names, as sources of jobs. */
public final class GitLabRunners implements AutoCloseable {

    private final List<Runner> runners = new ArrayList<>();

    private record Runner(PoolName pool, RunnerApi api, GitLabSource source) {}

    private GitLabRunners() {}

    /**
     * Prepares all of them; no server is asked yet.
     *
     * @param vertx belongs to the caller, and is closed after this
     * @throws StateException naming a runner that is not registered, with the cure
     */
    static GitLabRunners open(MayflySettings settings, StateDirectory directory, Vertx vertx) {
        GitLabRunners all = new GitLabRunners();
        try {
            for (GitLabSettings one : settings.gitlab()) {
                all.add(one, terms(settings, one.pool()), directory, vertx);
            }
            return all;
        } catch (RuntimeException e) {
            all.close();
            throw e;
        }
    }

    /**
     * The way to the server of one runner.
     *
     * @param vertx belongs to the caller
     * @throws StateException naming what of the settings cannot be used
     */
    public static RunnerApi api(GitLabSettings settings, StateDirectory directory, Vertx vertx) {
        Registrations.in(directory); // makes the directory in which the system id is
        try {
            ServerAddress server = ServerAddress.of(settings.url());
            return RunnerApi.open(
                    vertx,
                    new Connection(
                            server,
                            settings.tls().authorities(),
                            clientCertificate(settings.tls()),
                            ProxyRoute.of(Environment.ofProcess().variables(), server)
                                    .orElse(null)),
                    info(),
                    SystemId.readOrCreate(
                            SystemId.fileIn(directory), RandomGenerator.of("SecureRandom")));
        } catch (IllegalArgumentException e) {
            throw new StateException(
                    "sources.gitlab " + settings.name() + ": " + e.getMessage(), e);
        }
    }

    /**
     * Looks at what a runner needs on this host: its certificates and its registration. Asks no
     * server and makes nothing.
     *
     * @throws StateException naming the first that is missing, and the cure
     */
    static void requireReady(GitLabSettings settings, StateDirectory directory) {
        ServerAddress server = ServerAddress.of(settings.url());
        try {
            new Connection(
                            server,
                            settings.tls().authorities(),
                            clientCertificate(settings.tls()),
                            null)
                    .requireUsable();
        } catch (IllegalArgumentException e) {
            throw new StateException(String.valueOf(e.getMessage()), e);
        }
        Registrations.keptIn(directory).required(settings.name(), server);
    }

    /**
     * Tells the servers what earlier lives could not.
     *
     * @param destroyed what became of environments that those lives left
     */
    void tellOldEnds(List<Receipt> destroyed) {
        runners.forEach(runner -> runner.source().tellOldEnds(destroyed));
    }

    /** Shows from now on when the runners' tokens end. */
    void watch(HostMetrics metrics) {
        for (Runner runner : runners) {
            metrics.watchExpiry(
                    "token", "gitlab/" + runner.source().name(), runner.source()::tokenExpires);
        }
    }

    /** Those that feed a pool. */
    List<JobSource> feeding(PoolName pool) {
        List<JobSource> feeding = new ArrayList<>();
        runners.stream()
                .filter(runner -> runner.pool().equals(pool))
                .forEach(runner -> feeding.add(runner.source()));
        return feeding;
    }

    private void add(
            GitLabSettings settings, PoolTerms terms, StateDirectory directory, Vertx vertx) {
        RunnerApi api = api(settings, directory, vertx);
        try {
            runners.add(
                    new Runner(
                            settings.pool(),
                            api,
                            new GitLabSource(
                                    new GitLabSourceSettings(
                                            settings.name(),
                                            settings.pool(),
                                            settings.protectedRefs(),
                                            new GitLabSourceSettings.Limits(
                                                    terms.network(),
                                                    terms.logBytes(),
                                                    GitLabSource.jobsIn(directory),
                                                    settings.variables()),
                                            settings.rotateToken(),
                                            GitLabSourceSettings.Pacing.DEFAULT),
                                    Registrations.in(directory),
                                    api,
                                    info(),
                                    secrets -> new MaskedText(secrets, terms.masking()),
                                    InstantSource.system())));
        } catch (RuntimeException e) {
            api.close();
            throw e;
        }
    }

    private static RunnerInfo info() {
        return RunnerInfo.of(Version.current(), "unknown");
    }

    private static Connection.@Nullable ClientCertificate clientCertificate(
            GitLabSettings.Tls tls) {
        Path certificate = tls.clientCertificate();
        Path key = tls.clientKey();
        return certificate == null || key == null
                ? null
                : new Connection.ClientCertificate(certificate, key);
    }

    private static PoolTerms terms(MayflySettings settings, PoolName pool) {
        return settings.pools().stream()
                .map(one -> one.terms())
                .filter(terms -> terms.pool().equals(pool))
                .findFirst()
                .orElseThrow();
    }

    /** Tells the servers what they still have to hear, for a few seconds at most. */
    @Override
    public void close() {
        for (Runner runner : runners) {
            runner.source().close();
            runner.api().close();
        }
        runners.clear();
    }
}
