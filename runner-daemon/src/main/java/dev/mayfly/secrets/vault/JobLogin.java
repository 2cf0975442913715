package dev.mayfly.secrets.vault;

import dev.mayfly.job.Fault;
import dev.mayfly.secrets.SecretsOrder;
import dev.mayfly.secrets.vault.PoolAccess.TokenRole;
import dev.mayfly.secrets.vault.VaultFailure.Kind;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Gets a job an identity of its own: by its identity token, else made for it by the daemon. */
final class JobLogin {

    private static final Logger LOG = LoggerFactory.getLogger(JobLogin.class);

    /**
     * Of a token that is in no journal yet: if the daemon dies now, this is how long anybody could
     * use it, if anybody had it.
     */
    private static final Duration START = Duration.ofSeconds(90);

    /** What a role without limits of its own gives is far above this. */
    private static final Duration TOO_LONG = Duration.ofHours(1);

    private final PatientApi api;
    private final DaemonIdentity daemon;
    private final Duration start;

    /**
     * Logs nobody in yet.
     *
     * @param life of a token that is renewed; it starts with no more
     */
    JobLogin(PatientApi api, DaemonIdentity daemon, Duration life) {
        this.api = api;
        this.daemon = daemon;
        this.start = life.compareTo(START) < 0 ? life : START;
    }

    /**
     * Logs a job in.
     *
     * @throws VaultFailure when it gets no identity
     */
    JobToken logIn(SecretsOrder order, Identity identity, Until until) throws InterruptedException {
        return switch (identity) {
            case Identity.Brought brought -> exchange(order, brought, until);
            case Identity.Made(TokenRole role) -> mint(order, role, until);
            case Identity.Missing(String advice) -> throw new VaultFailure(Kind.REJECTED, advice);
        };
    }

    private JobToken exchange(SecretsOrder order, Identity.Brought identity, Until until)
            throws InterruptedException {
        VaultRequest login =
                VaultRequest.write(
                                "auth/" + identity.mount() + "/login",
                                Map.of("role", identity.role(), "jwt", identity.token()))
                        .about(order.job().value());
        JobToken token;
        try {
            token = JobToken.of(api.untilItWorks(login, until));
        } catch (VaultFailure e) {
            throw new VaultFailure(
                    e.kind(),
                    "the job's identity token gives no access to the role "
                            + identity.role()
                            + ": "
                            + e.reason());
        }
        if (token.lifetime().compareTo(TOO_LONG) > 0) {
            LOG.warn(
                    "tokens of the role {} live {} at first: set its token_ttl to 90s",
                    identity.role(),
                    token.lifetime());
        }
        return token;
    }

    private JobToken mint(SecretsOrder order, TokenRole role, Until until)
            throws InterruptedException {
        Map<String, Object> body = new HashMap<>();
        body.put("ttl", start.toSeconds() + "s");
        body.put("explicit_max_ttl", order.lifetime().toSeconds() + "s");
        body.put("renewable", true);
        body.put("display_name", "mayfly-" + order.job());
        if (!role.policies().isEmpty()) {
            body.put("policies", role.policies());
        }
        body.put("meta", Map.of("job", order.job().value(), "pool", order.pool().value()));
        VaultRequest request =
                VaultRequest.write("auth/token/create/" + role.name(), body)
                        .about(order.job().value());
        try {
            return JobToken.of(patiently(request, until));
        } catch (VaultFailure e) {
            throw new VaultFailure(
                    e.fault() == Fault.SECRET ? Kind.POWERLESS : e.kind(),
                    "no token could be made through the role "
                            + role.name()
                            + ": "
                            + e.reason()
                            + (e.kind() == Kind.FORBIDDEN
                                    ? ": it is the daemon that may not, and no fault of the job"
                                    : ""));
        }
    }

    /** A lost answer leaves a token behind that nobody has and that dies soon. */
    private VaultAnswer patiently(VaultRequest request, Until until) throws InterruptedException {
        return PatientApi.patiently(() -> daemon.ask(request, until), until);
    }
}
