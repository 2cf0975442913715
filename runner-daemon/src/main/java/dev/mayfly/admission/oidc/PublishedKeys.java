package dev.mayfly.admission.oidc;

import com.nimbusds.jose.util.Resource;
import com.nimbusds.jose.util.ResourceRetriever;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.InetSocketAddress;
import java.net.ProxySelector;
import java.net.URI;
import java.net.URL;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.jspecify.annotations.Nullable;

/** Fetches an issuer's keys: over TLS that is checked, without being sent elsewhere, bounded. */
final class PublishedKeys implements ResourceRetriever {

    private static final Duration CONNECT_LIMIT = Duration.ofSeconds(5);
    private static final Duration ANSWER_LIMIT = Duration.ofSeconds(10);
    private static final int LARGEST = 256 * 1024;

    private final @Nullable SSLContext trust;
    private final @Nullable InetSocketAddress proxy;

    /**
     * Prepares.
     *
     * @param authorities PEM file, or null for the usual authorities
     * @param proxy what stands in between, or null
     * @throws IllegalArgumentException naming the file when it cannot be used
     */
    PublishedKeys(@Nullable Path authorities, @Nullable InetSocketAddress proxy) {
        this.proxy = proxy;
        this.trust = authorities == null ? null : trusting(authorities);
    }

    @Override
    public Resource retrieveResource(URL url) throws IOException {
        HttpClient.Builder builder =
                HttpClient.newBuilder()
                        .version(HttpClient.Version.HTTP_1_1)
                        .followRedirects(HttpClient.Redirect.NEVER)
                        .connectTimeout(CONNECT_LIMIT);
        if (trust != null) {
            builder.sslContext(trust);
        }
        if (proxy != null) {
            builder.proxy(ProxySelector.of(proxy));
        }
        // One for each fetch, which is rare: nothing is kept open for ten minutes.
        try (HttpClient client = builder.build()) {
            try {
                return keys(client, url);
            } finally {
                client.shutdownNow(); // what is still under way has had its time
            }
        }
    }

    private static Resource keys(HttpClient client, URL url) throws IOException {
        CompletableFuture<HttpResponse<byte[]>> answer =
                client.sendAsync(
                        HttpRequest.newBuilder(URI.create(url.toString()))
                                .header("Accept", "application/json")
                                .build(),
                        HttpResponse.BodyHandlers.limiting(
                                HttpResponse.BodyHandlers.ofByteArray(), LARGEST));
        try {
            // Of the request's own limit the JDK says that it ends with the headers.
            HttpResponse<byte[]> got = answer.get(ANSWER_LIMIT.toMillis(), TimeUnit.MILLISECONDS);
            if (got.statusCode() != 200) {
                throw new IOException("the answer is " + got.statusCode());
            }
            return new Resource(new String(got.body(), StandardCharsets.UTF_8), "application/json");
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            InterruptedIOException interruption = new InterruptedIOException("interrupted");
            interruption.initCause(e);
            throw interruption;
        } catch (TimeoutException e) {
            throw new IOException("no answer in " + ANSWER_LIMIT.toSeconds() + " s", e);
        } catch (ExecutionException e) {
            throw new IOException(String.valueOf(e.getCause()), e);
        }
    }

    private static SSLContext trusting(Path authorities) {
        try {
            KeyStore store = KeyStore.getInstance("PKCS12");
            store.load(null, null);
            int number = 0;
            for (Certificate certificate :
                    CertificateFactory.getInstance("X.509")
                            .generateCertificates(
                                    new ByteArrayInputStream(Files.readAllBytes(authorities)))) {
                store.setCertificateEntry("authority-" + number++, certificate);
            }
            TrustManagerFactory factory =
                    TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
            factory.init(store);
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(null, factory.getTrustManagers(), null);
            return context;
        } catch (GeneralSecurityException | IOException e) {
            throw new IllegalArgumentException(
                    authorities + " cannot be used as certificates: " + e.getMessage(), e);
        }
    }
}
