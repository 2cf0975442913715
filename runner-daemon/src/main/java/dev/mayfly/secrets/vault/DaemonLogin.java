package dev.mayfly.secrets.vault;

import dev.mayfly.job.SecretValue;
import dev.mayfly.secrets.vault.VaultFailure.Kind;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;

/**
 * One login of the daemon, and the token that it gave.
 *
 * @param token hidden
 * @param since when it was given or renewed last, by the system's monotonic clock
 * @param lifetime from then on; zero for ever
 * @param renewable whether the daemon renews it: not where an agent does
 * @param ownDoing whether the daemon has logged in itself, and so has to revoke it
 */
record DaemonLogin(
        SecretValue token, long since, Duration lifetime, boolean renewable, boolean ownDoing) {

    /**
     * Logs in with what the file holds now. Never repeated by itself: a secret may be good once.
     */
    static DaemonLogin by(
            DaemonCredentials credentials, String material, PatientApi api, Until until)
            throws InterruptedException {
        return switch (credentials) {
            case DaemonCredentials.AppRole role ->
                    of(
                            api.once(
                                    VaultRequest.write(
                                            "auth/" + role.mount() + "/login",
                                            Map.of(
                                                    "role_id",
                                                    role.roleId(),
                                                    "secret_id",
                                                    role.wrappedRole().isEmpty()
                                                            ? material
                                                            : unwrapped(
                                                                    role, material, api, until))),
                                    until));
            case DaemonCredentials.Certificate(String mount, String role, _) ->
                    of(
                            api.once(
                                    VaultRequest.write(
                                            "auth/" + mount + "/login", Map.of("name", role)),
                                    until));
            case DaemonCredentials.SignedToken(String mount, String role, _) ->
                    of(
                            api.once(
                                    VaultRequest.write(
                                            "auth/" + mount + "/login",
                                            Map.of("role", role, "jwt", material)),
                                    until));
            case DaemonCredentials.AgentToken(var file) -> {
                SecretValue token = new SecretValue(material.getBytes(StandardCharsets.US_ASCII));
                VaultAnswer known =
                        api.once(VaultRequest.read("auth/token/lookup-self").as(token), until);
                yield new DaemonLogin(
                        token,
                        System.nanoTime(),
                        Duration.ofSeconds(known.data().path("ttl").asLong()),
                        false,
                        false);
            }
        };
    }

    /** A wrapping token that somebody else has opened, or made anew, must not pass. */
    private static String unwrapped(
            DaemonCredentials.AppRole role, String material, PatientApi api, Until until)
            throws InterruptedException {
        String expected = "auth/" + role.mount() + "/role/" + role.wrappedRole() + "/secret-id";
        VaultAnswer wrapped;
        try {
            wrapped =
                    api.once(
                            VaultRequest.write("sys/wrapping/lookup", Map.of("token", material)),
                            until);
        } catch (VaultFailure e) {
            if (e.passing()) {
                throw e;
            }
            throw new VaultFailure(
                    Kind.CREDENTIALS,
                    "the wrapping token in "
                            + role.secretIdFile()
                            + " is expired or was used already, perhaps by somebody else: find out"
                            + " by whom, then put a new one there ("
                            + e.reason()
                            + ")");
        }
        String path = wrapped.data().path("creation_path").asText();
        if (!path.equals(expected)) {
            throw new VaultFailure(
                    Kind.CREDENTIALS,
                    "the wrapping token in "
                            + role.secretIdFile()
                            + " was made at "
                            + path
                            + " and not at "
                            + expected
                            + ": somebody has wrapped something of his own");
        }
        VaultAnswer answer =
                api.once(
                        VaultRequest.write("sys/wrapping/unwrap", Map.of())
                                .as(new SecretValue(material.getBytes(StandardCharsets.US_ASCII))),
                        until);
        return answer.data().path("secret_id").asText();
    }

    private static DaemonLogin of(VaultAnswer answer) {
        String token = answer.auth().path("client_token").asText();
        if (token.isEmpty()) {
            throw new VaultFailure(Kind.FOREIGN, "the login was answered without a token");
        }
        return new DaemonLogin(
                new SecretValue(token.getBytes(StandardCharsets.US_ASCII)),
                System.nanoTime(),
                Duration.ofSeconds(answer.auth().path("lease_duration").asLong()),
                answer.auth().path("renewable").asBoolean(),
                true);
    }

    /** The same token with a new span of life. */
    DaemonLogin renewedFor(Duration span) {
        return new DaemonLogin(token, System.nanoTime(), span, renewable, ownDoing);
    }

    private Duration age() {
        return Duration.ofNanos(System.nanoTime() - since);
    }

    private boolean endless() {
        return lifetime.isZero();
    }

    /** For how long it is good; empty for ever, negative when it is over. */
    Optional<Duration> left() {
        return endless() ? Optional.empty() : Optional.of(lifetime.minus(age()));
    }

    /** Whether a third of its life is over. */
    boolean isDue() {
        return !endless() && age().multipliedBy(3).compareTo(lifetime) >= 0;
    }

    /** Whether it is good for a while longer. */
    boolean isUsable() {
        return endless() || age().plusSeconds(5).compareTo(lifetime) < 0;
    }
}
