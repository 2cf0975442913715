package dev.mayfly.source.gitlab;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.Collection;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509TrustManager;
import org.jspecify.annotations.Nullable;

/** Whose signature on a server's certificate counts: the usual authorities', and one's own. */
final class Authorities {

    private Authorities() {}

    /**
     * The JDK's authorities and those of a file.
     *
     * @param file PEM, or null for the JDK's alone
     * @throws IllegalArgumentException naming the file and the cure
     */
    static TrustManagerFactory with(@Nullable Path file) {
        try {
            TrustManagerFactory usual = factory(null);
            if (file == null) {
                return usual;
            }
            KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
            store.load(null, null);
            int number = 0;
            for (TrustManager manager : usual.getTrustManagers()) {
                if (manager instanceof X509TrustManager authorities) {
                    for (X509Certificate one : authorities.getAcceptedIssuers()) {
                        store.setCertificateEntry("usual-" + number++, one);
                    }
                }
            }
            for (Certificate own : read(file)) {
                store.setCertificateEntry("own-" + number++, own);
            }
            return factory(store);
        } catch (GeneralSecurityException | IOException e) {
            throw new IllegalArgumentException(
                    file
                            + " cannot be used as certificates of authorities ("
                            + e.getMessage()
                            + "): it must hold PEM certificates that the user that runs Mayfly can"
                            + " read",
                    e);
        }
    }

    static Collection<? extends Certificate> read(Path file)
            throws GeneralSecurityException, IOException {
        try (InputStream in = Files.newInputStream(file)) {
            Collection<? extends Certificate> own =
                    CertificateFactory.getInstance("X.509").generateCertificates(in);
            if (own.isEmpty()) {
                throw new IOException("there is no certificate in it");
            }
            return own;
        }
    }

    private static TrustManagerFactory factory(@Nullable KeyStore store)
            throws GeneralSecurityException {
        TrustManagerFactory factory =
                TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        factory.init(store);
        return factory;
    }
}
