package dev.mayfly.secrets.vault;

import dev.mayfly.job.SecretValue;
import dev.mayfly.secrets.vault.VaultFailure.Kind;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Who the daemon is to the server, kept alive: logged in when it is needed, renewed, logged in
 * again when that ends or when the credentials on the disk change. It makes tokens for jobs and
 * takes them back; it reads no secret.
 */
final class DaemonIdentity implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(DaemonIdentity.class);

    private static final Duration CHECK_EVERY = Duration.ofSeconds(5);
    private static final Duration LOGIN_LIMIT = Duration.ofSeconds(20);
    private static final Duration GOODBYE_LIMIT = Duration.ofSeconds(3);

    private final DaemonCredentials credentials;
    private final String namespace;
    private final PatientApi api;
    private final ReentrantLock lock = new ReentrantLock();
    private @Nullable DaemonLogin current;

    /** What the last login was tried with. */
    private String material = "";

    /** Whether that was refused: a wrapping token must not be tried twice. */
    private boolean spent;

    private volatile String trouble = "Vault was not asked yet";
    private volatile long checked;
    private volatile boolean checkedOnce;
    private @Nullable Thread keeper;

    /**
     * An identity that has not logged in yet.
     *
     * @param namespace that it must be of, or empty when it does not matter
     */
    DaemonIdentity(DaemonCredentials credentials, String namespace, PatientApi api) {
        this.credentials = credentials;
        this.namespace = namespace;
        this.api = api;
    }

    /** Keeps the identity alive from now on, on a thread of its own. */
    void start() {
        keeper = Thread.ofVirtual().name("vault-identity").start(this::keep);
    }

    private void keep() {
        while (!Thread.currentThread().isInterrupted()) {
            try {
                check();
                Thread.sleep(CHECK_EVERY);
            } catch (InterruptedException e) {
                return;
            } catch (RuntimeException e) {
                // The root of a thread that must go on whatever happens.
                LOG.error("checking the connection to Vault failed", e);
            }
        }
    }

    /**
     * Why nothing can be asked of the server now, or the empty string. Asks it, unless somebody has
     * just done so.
     */
    String trouble() {
        boolean fresh = checkedOnce && System.nanoTime() - checked < CHECK_EVERY.toNanos() * 2;
        if (!fresh && lock.tryLock()) {
            try {
                check();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            } finally {
                lock.unlock();
            }
        }
        return trouble;
    }

    private void check() throws InterruptedException {
        lock.lockInterruptibly();
        String found;
        try {
            Until until = Until.in(LOGIN_LIMIT);
            found = keepLoggedIn(until);
            ask(VaultRequest.read("auth/token/lookup-self"), until);
        } catch (VaultFailure e) {
            found = e.reason();
        } finally {
            lock.unlock();
        }
        if (!found.equals(trouble)) {
            if (found.isEmpty()) {
                LOG.info("Vault answers, and knows this daemon");
            } else {
                LOG.warn("Vault cannot be used: {}", found);
            }
        }
        trouble = found;
        checked = System.nanoTime();
        checkedOnce = true;
    }

    /**
     * Asks as the daemon, once; with a new login if the old one turns out to be dead.
     *
     * @throws VaultFailure for every answer that is no success
     */
    VaultAnswer ask(VaultRequest request, Until until) throws InterruptedException {
        SecretValue token = token(until);
        try {
            return api.once(request.as(token), until);
        } catch (VaultFailure e) {
            if (e.kind() != Kind.FORBIDDEN || isKnown(token, until)) {
                throw e;
            }
            return api.once(request.as(tokenInsteadOf(token, until)), until);
        }
    }

    /** Tells a dead token from a right that is missing: both are answered alike. */
    private boolean isKnown(SecretValue token, Until until) throws InterruptedException {
        try {
            api.once(VaultRequest.read("auth/token/lookup-self").as(token), until);
            return true;
        } catch (VaultFailure e) {
            return e.kind() != Kind.FORBIDDEN;
        }
    }

    private SecretValue token(Until until) throws InterruptedException {
        lock.lockInterruptibly();
        try {
            DaemonLogin login = current;
            if (login == null || !login.isUsable()) {
                keepLoggedIn(until);
                login = current;
            }
            if (login == null) {
                throw new VaultFailure(Kind.CREDENTIALS, "the daemon is not logged in");
            }
            return login.token();
        } finally {
            lock.unlock();
        }
    }

    private SecretValue tokenInsteadOf(SecretValue dead, Until until) throws InterruptedException {
        lock.lockInterruptibly();
        try {
            if (current != null && current.token() == dead) {
                LOG.warn("Vault does not know this daemon's token any more: logging in again");
                current = null;
            }
            return token(until);
        } finally {
            lock.unlock();
        }
    }

    /** Returns what is wrong although the present login is still good, or the empty string. */
    private String keepLoggedIn(Until until) throws InterruptedException {
        DaemonLogin login = current;
        boolean usable = login != null && login.isUsable();
        try {
            String now = credentials.material();
            if (login == null || !usable || !now.equals(material)) {
                replace(now, until);
            } else if (login.isDue()) {
                renew(login, until);
            }
            return "";
        } catch (VaultFailure e) {
            if (!usable) {
                throw e;
            }
            return e.reason();
        }
    }

    private void replace(String now, Until until) throws InterruptedException {
        if (spent && now.equals(material) && isGoodOnce()) {
            throw new VaultFailure(
                    Kind.CREDENTIALS,
                    "the wrapping token in "
                            + credentials.changing()
                            + " is used up: put a new one there");
        }
        material = now;
        spent = true;
        DaemonLogin old = current;
        try {
            DaemonLogin fresh = DaemonLogin.by(credentials, now, api, until);
            requireNamespace(fresh, until);
            current = fresh;
        } catch (VaultFailure e) {
            // Not used up by a server that was not there.
            spent = !e.passing();
            throw new VaultFailure(e.kind(), "the daemon cannot log in to Vault: " + e.reason());
        }
        LOG.info("logged in to Vault by={} lifetime={}", by(), current.lifetime());
        if (old != null && old.token() != current.token()) {
            sayGoodbye(old);
        }
    }

    /**
     * Servers without namespaces ignore the wish for one in silence, and would serve what is
     * somebody else's.
     */
    private void requireNamespace(DaemonLogin login, Until until) throws InterruptedException {
        if (namespace.isEmpty()) {
            return;
        }
        VaultAnswer known =
                api.once(VaultRequest.read("auth/token/lookup-self").as(login.token()), until);
        String path = known.data().path("namespace_path").asText("");
        if (!path.equals(namespace + "/")) {
            sayGoodbye(login);
            throw new VaultFailure(
                    Kind.FOREIGN,
                    "the login is of namespace \""
                            + path
                            + "\" and not of \""
                            + namespace
                            + "/\": log in to a role of that namespace, and use a server that has"
                            + " namespaces");
        }
    }

    private boolean isGoodOnce() {
        return credentials instanceof DaemonCredentials.AppRole role
                && !role.wrappedRole().isEmpty();
    }

    private String by() {
        return switch (credentials) {
            case DaemonCredentials.AppRole _ -> "app_role";
            case DaemonCredentials.Certificate _ -> "certificate";
            case DaemonCredentials.SignedToken _ -> "jwt";
            case DaemonCredentials.AgentToken _ -> "token_file";
        };
    }

    private void renew(DaemonLogin login, Until until) throws InterruptedException {
        if (!login.ownDoing()) {
            replace(material, until); // looks up how long the agent has renewed it for
            return;
        }
        if (login.renewable()) {
            try {
                VaultAnswer answer =
                        api.once(
                                VaultRequest.write("auth/token/renew-self", Map.of())
                                        .as(login.token()),
                                until);
                Duration span = Duration.ofSeconds(answer.auth().path("lease_duration").asLong());
                current = login.renewedFor(span);
                if (span.multipliedBy(2).compareTo(login.lifetime()) >= 0) {
                    return;
                }
                // Near its greatest age. A new one now, while there is time to fail.
            } catch (VaultFailure e) {
                if (e.passing()) {
                    throw e;
                }
                LOG.warn("the daemon's token cannot be renewed: {}", e.reason());
            }
        }
        replace(material, until);
    }

    private void sayGoodbye(DaemonLogin old) throws InterruptedException {
        if (!old.ownDoing()) {
            return;
        }
        try {
            api.once(
                    VaultRequest.write("auth/token/revoke-self", Map.of()).as(old.token()),
                    Until.in(GOODBYE_LIMIT));
        } catch (VaultFailure e) {
            LOG.debug("the token before was not revoked: {}", e.reason());
        }
    }

    /** Ends the identity: a token that the daemon got itself is revoked. */
    @Override
    public void close() {
        boolean interrupted = Thread.interrupted();
        try {
            if (keeper != null) {
                keeper.interrupt();
                keeper.join(LOGIN_LIMIT);
            }
            lock.lockInterruptibly();
            try {
                if (current != null) {
                    sayGoodbye(current);
                    current = null;
                }
            } finally {
                lock.unlock();
            }
        } catch (InterruptedException e) {
            interrupted = true;
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
