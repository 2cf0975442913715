package dev.mayfly.bootstrap;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mayfly.config.ConfigLoader;
import dev.mayfly.config.Environment;
import dev.mayfly.config.MayflySettings;
import dev.mayfly.job.PoolName;
import dev.mayfly.secrets.file.SecretStore;
import dev.mayfly.secrets.file.SetOutcome;
import dev.mayfly.source.gitlab.GitLabStub;
import dev.mayfly.source.gitlab.GitLabToken;
import dev.mayfly.source.gitlab.Registration;
import dev.mayfly.source.gitlab.Registrations;
import dev.mayfly.source.gitlab.ServerAddress;
import dev.mayfly.source.gitlab.StubRunner;
import dev.mayfly.source.local.ApiToken;
import dev.mayfly.source.local.LocalClient;
import dev.mayfly.state.StateDirectory;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Objects;
import java.util.Set;

/** A configuration with a state directory of its own, as somebody would set up a host. */
final class Installation {

    static final String AGENT_IMAGE =
            Objects.requireNonNullElse(System.getenv("MAYFLY_AGENT_IMAGE"), "mayfly/agent:0.1.0");

    /** The jobs that the demo shows. */
    static final Path DEMO = Path.of("..", "config", "demo");

    private final Path config;
    private final Path state;

    /**
     * Writes the configuration.
     *
     * @param directory a short path, since the API's socket is in it
     */
    Installation(Path directory, int slots, String daemonKeys) throws IOException {
        config = directory.resolve("mayfly.yaml");
        state = directory.resolve("state");
        Files.writeString(
                config,
                """
                daemon: {state_dir: %s, %s}
                api: {listen: "unix:%s/api.sock"}
                agent: {image: "%s"}
                pools:
                  - {name: trusted, slots: %d, network: full, timeout: 10m, memory: 512MiB, pids: 256, tmp: 64MiB, pull_policy: [if-not-present]}
                  - {name: untrusted, slots: %d, network: none, user: non-root, timeout: 5m, memory: 256MiB, tmp: 64MiB, pids: 128, pull_policy: [if-not-present]}
                  - {name: guarded, slots: 1, pull_policy: [if-not-present]}
                sources:
                  local: {feeds: [trusted, untrusted], default: untrusted}
                """
                        .formatted(state, daemonKeys, directory, AGENT_IMAGE, slots, slots));
    }

    Path config() {
        return config;
    }

    Path state() {
        return state;
    }

    MayflySettings settings() {
        return ConfigLoader.load(config, Environment.ofProcess());
    }

    /** What the daemon's API answers, whatever its status. */
    String told(String path) throws IOException, InterruptedException {
        return Engine.Programs.output(
                new ProcessBuilder(
                        "curl",
                        "--silent",
                        "--unix-socket",
                        config.resolveSibling("api.sock").toString(),
                        "http://localhost" + path));
    }

    /** What the daemon's labels say. */
    String daemonId() throws IOException {
        return Files.readString(state.resolve("daemon-id")).strip();
    }

    Jobs jobs() {
        MayflySettings settings = settings();
        return new Jobs(
                new LocalClient(
                        Daemon.endpoint(settings),
                        ApiToken.readOrCreate(settings.api().tokenFile())));
    }

    /**
     * Gives the trusted pool a share of a Vault: all paths, by tokens made through a role. Before a
     * daemon starts.
     *
     * @param daemonToken by which the daemon comes
     * @param more further keys of the pool's vault section, each with a comma before it
     */
    void vault(URI address, String daemonToken, String role, String more) throws IOException {
        Path token = Files.writeString(config.resolveSibling("vault.token"), daemonToken);
        Files.setPosixFilePermissions(token, PosixFilePermissions.fromString("rw-------"));
        String text = Files.readString(config);
        Files.writeString(
                config,
                text.replace(
                                "{name: trusted,",
                                "{name: trusted, vault: {token_role: %s, allow: [{paths: ['*']}]%s},"
                                        .formatted(role, more))
                        + """
                        secrets:
                          vault: {address: "%s", timeout: 5s, auth: {token_file: "%s"}}
                        """
                                .formatted(address, token));
    }

    /**
     * Registers a runner of a server, whose jobs go to the trusted pool. Before a daemon starts.
     */
    void runner(GitLabStub server, StubRunner runner) throws IOException {
        runner(server, runner, "stub", "trusted");
    }

    /** The same for another pool. All runners are registered one after another. */
    void runner(GitLabStub server, StubRunner runner, String name, String pool) throws IOException {
        String list = Files.readString(config).contains("  gitlab:\n") ? "" : "  gitlab:\n";
        Files.writeString(
                config,
                "%s    - {name: %s, url: \"%s\", pool: %s}\n"
                        .formatted(list, name, server.url(), pool),
                StandardOpenOption.APPEND);
        Registrations.in(new StateDirectory(state).create())
                .write(
                        new Registration(
                                name,
                                ServerAddress.of(server.url().toString()),
                                runner.id(),
                                new GitLabToken(runner.token()),
                                new Registration.Validity(Instant.now(), null)));
    }

    void secret(String name, String value, String pool) throws InterruptedException {
        MayflySettings settings = settings();
        SecretStore store =
                new SecretStore(
                        settings.secrets().file(),
                        Assembly.keyOf(settings),
                        InstantSource.system());
        store.createKeyIfMissing();
        assertThat(
                        store.set(
                                name,
                                value.getBytes(StandardCharsets.UTF_8),
                                Set.of(new PoolName(pool)),
                                true))
                .isInstanceOf(SetOutcome.Stored.class);
    }
}
