package dev.mayfly.bootstrap;

import dev.mayfly.config.EngineSettings;
import dev.mayfly.config.GitLabSettings;
import dev.mayfly.config.MayflySettings;
import dev.mayfly.config.VaultSettings;
import dev.mayfly.job.SecretValue;
import dev.mayfly.source.local.ApiToken;
import dev.mayfly.state.StateDirectory;
import dev.mayfly.state.StateException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a good configuration needs on a host beside itself: files that it names, and registrations.
 * Looks only: asks nobody and makes nothing. What costs a cache and no job is left to the doctor.
 */
public final class HostReview {

    private static final List<String> ENGINE_FILES = List.of("ca.pem", "cert.pem", "key.pem");

    private final List<String> troubles = new ArrayList<>();

    private HostReview() {}

    /** What would keep a daemon from starting or from its work: a key, the cause and the cure. */
    public static List<String> troubles(MayflySettings settings) {
        HostReview review = new HostReview();
        review.gitlab(settings);
        review.apiToken(settings);
        review.engine("engine", settings.engine());
        settings.pools().stream()
                .filter(pool -> !pool.engine().equals(settings.engine()))
                .forEach(pool ->
                        review.engine("pools " + pool.terms().pool() + " engine", pool.engine()));
        review.vault(settings.secrets().vault());
        return List.copyOf(review.troubles);
    }

    private void gitlab(MayflySettings settings) {
        StateDirectory directory = new StateDirectory(settings.daemon().stateDirectory());
        for (GitLabSettings runner : settings.gitlab()) {
            tried(
                    "sources.gitlab " + runner.name(),
                    () -> GitLabRunners.requireReady(runner, directory));
        }
    }

    /** A daemon makes the file where there is none. */
    private void apiToken(MayflySettings settings) {
        SecretValue given = settings.api().token();
        Path file = settings.api().tokenFile();
        if (given != null) {
            tried("api.token", () -> ApiToken.of(given));
        } else if (Files.exists(file)) {
            tried("api.token_file", () -> ApiToken.read(file));
        }
    }

    private void engine(String key, EngineSettings engine) {
        Path certificates = engine.certificates();
        if (certificates != null) {
            ENGINE_FILES.forEach(name -> readable(key + ".cert_dir", certificates.resolve(name)));
        }
        readable(key + ".ssh_config", engine.sshConfig());
    }

    private void vault(@Nullable VaultSettings vault) {
        if (vault != null) {
            readable("secrets.vault.ca_file", vault.tls().authorities());
            readable("secrets.vault.client_certificate", vault.tls().clientCertificate());
            readable("secrets.vault.client_key", vault.tls().clientKey());
        }
    }

    private void readable(String key, @Nullable Path file) {
        if (file != null && !(Files.isRegularFile(file) && Files.isReadable(file))) {
            troubles.add(
                    key
                            + ": "
                            + file
                            + (Files.exists(file)
                                    ? " cannot be read by this user"
                                    : " is not there")
                            + ": make it a file that the user that runs Mayfly can read");
        }
    }

    private void tried(String key, Runnable look) {
        try {
            look.run();
        } catch (StateException e) {
            String why = String.valueOf(e.getMessage());
            troubles.add(why.startsWith(key) ? why : key + ": " + why);
        }
    }
}
