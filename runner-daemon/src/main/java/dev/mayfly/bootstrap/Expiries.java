package dev.mayfly.bootstrap;

import dev.mayfly.config.EngineSettings;
import dev.mayfly.config.GitLabSettings;
import dev.mayfly.config.MayflySettings;
import dev.mayfly.config.PoolSettings;
import dev.mayfly.config.VaultSettings;
import dev.mayfly.metrics.HostMetrics;
import dev.mayfly.secrets.vault.VaultSecretsProvider;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.Certificate;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** When the certificates and tokens end that a configuration names. */
final class Expiries {

    private static final Logger LOG = LoggerFactory.getLogger(Expiries.class);

    private Expiries() {}

    /** Shows them from now on. Files are read at each scrape, so that a new one counts at once. */
    static void watch(
            MayflySettings settings, @Nullable VaultSecretsProvider vault, HostMetrics metrics) {
        engine(metrics, "engine", settings.engine());
        for (PoolSettings pool : settings.pools()) {
            if (!pool.engine().equals(settings.engine())) {
                engine(metrics, "engine/" + pool.terms().pool(), pool.engine());
            }
        }
        for (GitLabSettings runner : settings.gitlab()) {
            String of = "gitlab/" + runner.name();
            certificate(metrics, of, runner.tls().clientCertificate());
            certificate(metrics, of + "-authority", runner.tls().authorities());
        }
        VaultSettings configured = settings.secrets().vault();
        if (configured != null) {
            certificate(metrics, "vault", configured.tls().clientCertificate());
            certificate(metrics, "vault-authority", configured.tls().authorities());
        }
        if (vault != null) {
            metrics.watchExpiry("token", "vault", () -> vault.tokenLeft().map(Instant.now()::plus));
        }
    }

    private static void engine(HostMetrics metrics, String of, EngineSettings engine) {
        Path certificates = engine.certificates();
        if (certificates != null) {
            certificate(metrics, of, certificates.resolve("cert.pem"));
            certificate(metrics, of + "-authority", certificates.resolve("ca.pem"));
        }
    }

    private static void certificate(HostMetrics metrics, String of, @Nullable Path file) {
        if (file != null) {
            metrics.watchExpiry("certificate", of, () -> firstEnd(file));
        }
    }

    /** When the first of a file's certificates ends; empty when they cannot be read. */
    static Optional<Instant> firstEnd(Path file) {
        try (InputStream in = Files.newInputStream(file)) {
            return CertificateFactory.getInstance("X.509").generateCertificates(in).stream()
                    .map(Expiries::end)
                    .min(Instant::compareTo);
        } catch (IOException | CertificateException e) {
            LOG.debug("when certificates end is not known file={}", file, e);
            return Optional.empty();
        }
    }

    private static Instant end(Certificate certificate) {
        return ((X509Certificate) certificate).getNotAfter().toInstant();
    }
}
