package dev.mayfly.secrets.vault;

import dev.mayfly.secrets.vault.VaultFailure.Kind;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.http.HttpClient;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import javax.net.ssl.KeyManager;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import org.jspecify.annotations.Nullable;

/** One HTTP client for all requests, and another one when a certificate's file has changed. */
final class TrustedClients implements AutoCloseable {

    private static final Duration CONNECT_LIMIT = Duration.ofSeconds(5);

    /** Of no use to anybody: the store is never written. */
    private static final char[] STORE_PASSWORD = "in memory".toCharArray();

    private final VaultConnection.Tls tls;
    private final ExecutorService executor =
            Executors.newThreadPerTaskExecutor(Thread.ofVirtual().name("vault-http-", 0).factory());
    private @Nullable HttpClient client;
    private List<FileTime> asOf = List.of();

    TrustedClients(VaultConnection.Tls tls) {
        this.tls = tls;
    }

    /**
     * The client for the files as they are.
     *
     * @throws VaultFailure when one of them cannot be used
     */
    synchronized HttpClient current() {
        List<FileTime> now = times();
        if (client == null || !now.equals(asOf)) {
            HttpClient fresh =
                    HttpClient.newBuilder()
                            .version(HttpClient.Version.HTTP_1_1)
                            .followRedirects(HttpClient.Redirect.NEVER)
                            .connectTimeout(CONNECT_LIMIT)
                            .executor(executor)
                            .sslContext(context())
                            .build();
            if (client != null) {
                client.shutdown(); // requests under way end by themselves
            }
            client = fresh;
            asOf = now;
        }
        return client;
    }

    private List<FileTime> times() {
        List<FileTime> times = new ArrayList<>();
        for (Path file : files()) {
            try {
                times.add(Files.getLastModifiedTime(file));
            } catch (IOException e) {
                throw unusable(file, "cannot be read: " + e.getMessage());
            }
        }
        return times;
    }

    private List<Path> files() {
        List<Path> files = new ArrayList<>();
        for (Path file : new Path[] {tls.authorities(), tls.certificate(), tls.key()}) {
            if (file != null) {
                files.add(file);
            }
        }
        return files;
    }

    private SSLContext context() {
        try {
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(keyManagers(), trustManagers(), null);
            return context;
        } catch (GeneralSecurityException | IOException e) {
            throw new VaultFailure(
                    Kind.CREDENTIALS,
                    "the certificates for Vault cannot be used: " + e.getMessage());
        }
    }

    private TrustManager @Nullable [] trustManagers() throws GeneralSecurityException, IOException {
        Path authorities = tls.authorities();
        if (authorities == null) {
            return null;
        }
        KeyStore store = emptyStore();
        int number = 0;
        for (Certificate certificate : certificates(authorities)) {
            store.setCertificateEntry("authority-" + number++, certificate);
        }
        TrustManagerFactory factory =
                TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        factory.init(store);
        return factory.getTrustManagers();
    }

    private KeyManager @Nullable [] keyManagers() throws GeneralSecurityException, IOException {
        Path certificate = tls.certificate();
        Path key = tls.key();
        if (certificate == null || key == null) {
            return null;
        }
        List<X509Certificate> chain = certificates(certificate);
        KeyStore store = emptyStore();
        store.setKeyEntry(
                "client",
                privateKey(key, chain.getFirst().getPublicKey().getAlgorithm()),
                STORE_PASSWORD,
                chain.toArray(Certificate[]::new));
        KeyManagerFactory factory =
                KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        factory.init(store, STORE_PASSWORD);
        return factory.getKeyManagers();
    }

    private static KeyStore emptyStore() throws GeneralSecurityException, IOException {
        KeyStore store = KeyStore.getInstance("PKCS12");
        store.load(null, null);
        return store;
    }

    private static List<X509Certificate> certificates(Path file)
            throws GeneralSecurityException, IOException {
        List<X509Certificate> certificates = new ArrayList<>();
        for (Certificate certificate :
                CertificateFactory.getInstance("X.509")
                        .generateCertificates(new ByteArrayInputStream(Files.readAllBytes(file)))) {
            certificates.add((X509Certificate) certificate);
        }
        if (certificates.isEmpty()) {
            throw unusable(file, "holds no certificate in PEM form");
        }
        return certificates;
    }

    /** PKCS#8 holds keys of every kind; which one it is, the certificate tells. */
    private static PrivateKey privateKey(Path file, String algorithm)
            throws GeneralSecurityException, IOException {
        String pem = CredentialFile.read(file);
        String begin = "-----BEGIN PRIVATE KEY-----";
        int from = pem.indexOf(begin);
        int to = pem.indexOf("-----END PRIVATE KEY-----");
        if (from < 0 || to < from) {
            throw unusable(
                    file,
                    "holds no PKCS#8 key in PEM form: convert it with \"openssl pkcs8 -topk8"
                            + " -nocrypt\"");
        }
        byte[] encoded =
                Base64.getMimeDecoder()
                        .decode(
                                pem.substring(from + begin.length(), to)
                                        .getBytes(StandardCharsets.US_ASCII));
        return KeyFactory.getInstance(algorithm).generatePrivate(new PKCS8EncodedKeySpec(encoded));
    }

    private static VaultFailure unusable(Path file, String why) {
        return new VaultFailure(Kind.CREDENTIALS, file + " " + why);
    }

    @Override
    public synchronized void close() {
        if (client != null) {
            client.shutdownNow();
        }
        executor.shutdownNow();
    }
}
