package dev.mayfly.secrets.vault;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.Signature;
import java.time.Instant;
import java.util.Base64;
import java.util.Map;

/** Signs identity tokens as a CI server does, with the claims of a GitLab job. */
public final class CiServer {

    public static final String ISSUER = "https://gitlab.example.test";
    public static final String AUDIENCE = "https://vault.example.test";

    private static final Base64.Encoder URL = Base64.getUrlEncoder().withoutPadding();

    private final KeyPair keys;

    /** One with keys of its own. */
    public CiServer() {
        try {
            KeyPairGenerator generator = KeyPairGenerator.getInstance("RSA");
            generator.initialize(2048);
            keys = generator.generateKeyPair();
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    /** In PEM, as a server is told it. */
    public String publicKey() {
        return "-----BEGIN PUBLIC KEY-----\n"
                + Base64.getMimeEncoder(64, new byte[] {'\n'})
                        .encodeToString(keys.getPublic().getEncoded())
                + "\n-----END PUBLIC KEY-----\n";
    }

    /** A job of project 42 on its protected main branch, with some claims otherwise. */
    public String token(Map<String, Object> otherwise) {
        JsonMapper json = new JsonMapper();
        long now = Instant.now().getEpochSecond();
        ObjectNode claims =
                json.createObjectNode()
                        .put("iss", ISSUER)
                        .put("aud", AUDIENCE)
                        .put("iat", now)
                        .put("nbf", now)
                        .put("exp", now + 300)
                        .put("sub", "project_path:shop/app:ref_type:branch:ref:main")
                        .put("project_id", "42")
                        .put("ref", "main")
                        .put("ref_protected", "true")
                        .put("environment", "production")
                        .put("job_id", "1001");
        otherwise.forEach((claim, value) -> {
            if (value instanceof Long number) {
                claims.put(claim, number);
            } else if (value.equals("")) {
                claims.remove(claim);
            } else {
                claims.put(claim, value.toString());
            }
        });
        String signed =
                encoded("{\"alg\":\"RS256\",\"typ\":\"JWT\"}") + "." + encoded(claims.toString());
        return signed + "." + URL.encodeToString(signature(signed));
    }

    private byte[] signature(String signed) {
        try {
            Signature signature = Signature.getInstance("SHA256withRSA");
            signature.initSign(keys.getPrivate());
            signature.update(signed.getBytes(StandardCharsets.US_ASCII));
            return signature.sign();
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    private static String encoded(String json) {
        return URL.encodeToString(json.getBytes(StandardCharsets.UTF_8));
    }
}
