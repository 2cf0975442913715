package dev.mayfly.secrets.vault;

import com.fasterxml.jackson.databind.JsonNode;
import dev.mayfly.job.SecretValue;
import dev.mayfly.secrets.vault.VaultFailure.Kind;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
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

    /** Servers lock out who comes with a wrong secret five times in a quarter of an hour. */
    private static final Duration REFUSED_AGAIN = Duration.ofMinutes(5);

    private static final Duration LOGIN_LIMIT = Duration.ofSeconds(20);
    private static final Duration GOODBYE_LIMIT = Duration.ofSeconds(3);

    private final DaemonCredentials credentials;
    private final String namespace;
    private final PatientApi api;
    private final List<String> needed;
    private final ReentrantLock lock = new ReentrantLock();

    /** Written under the lock, read by anybody. */
    private volatile @Nullable DaemonLogin current;

    /** What the present login was made with. */
    private String material = "";

    /** What the last login was tried with. */
    private String tried = "";

    /** Whether that is used up: a wrapping token must not be tried twice. */
    private boolean spent;

    /** Why that was refused, or empty when it was not. */
    private String refusal = "";

    private long refused;

    private volatile String trouble = "Vault was not asked yet";

    /** What it needs and may not write to. */
    private volatile List<String> lacking = List.of();

    private volatile long checked;
    private volatile boolean checkedOnce;
    private @Nullable Thread keeper;

    /**
     * An identity that has not logged in yet.
     *
     * @param namespace that it must be of, or empty when it does not matter
     * @param needed paths that it must be able to write to
     */
    DaemonIdentity(
            DaemonCredentials credentials, String namespace, PatientApi api, List<String> needed) {
        this.credentials = credentials;
        this.namespace = namespace;
        this.api = api;
        this.needed = List.copyOf(needed);
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

    /** For how long the present login is good; empty without one, and for one without an end. */
    Optional<Duration> left() {
        DaemonLogin login = current;
        return login == null ? Optional.empty() : login.left();
    }

    private void check() throws InterruptedException {
        lock.lockInterruptibly();
        String found;
        try {
            Until until = Until.in(LOGIN_LIMIT);
            found = keepLoggedIn(until);
            ask(VaultRequest.read("auth/token/lookup-self"), until);
            lacking = lacking(until);
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

    /** What is needed of these and not allowed. Asks nothing: it is found out with the trouble. */
    List<String> lackingOf(List<String> paths) {
        return paths.stream().filter(lacking::contains).toList();
    }

    private List<String> lacking(Until until) throws InterruptedException {
        if (needed.isEmpty()) {
            return List.of();
        }
        JsonNode rights;
        try {
            rights =
                    ask(VaultRequest.write("sys/capabilities-self", Map.of("paths", needed)), until)
                            .data();
        } catch (VaultFailure e) {
            if (e.passing()) {
                throw e;
            }
            return List.of(); // it may not even ask, so nobody knows
        }
        List<String> found =
                needed.stream().filter(path -> !Examination.may(rights, path, "update")).toList();
        if (!found.equals(lacking)) {
            LOG.warn(
                    found.isEmpty()
                            ? "the daemon's policy at Vault has all that it needs again"
                            : "the daemon's policy at Vault lacks update on {}",
                    String.join(", ", found));
        }
        return found;
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
            if (login == null || !usable) {
                replace(now, until);
            } else if (!now.equals(material)) {
                return replaceInTime(login, now, until);
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

    /** While the old login is good, one that was refused is not tried again at once. */
    private String replaceInTime(DaemonLogin login, String now, Until until)
            throws InterruptedException {
        boolean soon = System.nanoTime() - refused < REFUSED_AGAIN.toNanos();
        if (!refusal.isEmpty() && now.equals(tried) && soon) {
            if (login.isDue()) {
                renew(login, until);
            }
            return refusal;
        }
        replace(now, until);
        return "";
    }

    private void replace(String now, Until until) throws InterruptedException {
        if (spent && now.equals(tried) && isGoodOnce()) {
            throw new VaultFailure(
                    Kind.CREDENTIALS,
                    "the wrapping token in "
                            + credentials.changing()
                            + " is used up: put a new one there");
        }
        tried = now;
        spent = true;
        refusal = "";
        DaemonLogin old = current;
        try {
            DaemonLogin fresh = DaemonLogin.by(credentials, now, api, until);
            requireNamespace(fresh, until);
            current = fresh;
            material = now;
        } catch (VaultFailure e) {
            String reason = "the daemon cannot log in to Vault: " + e.reason();
            // Not used up by a server that was not there.
            spent = !e.passing();
            if (spent) {
                refusal = reason;
                refused = System.nanoTime();
            }
            throw new VaultFailure(e.kind(), reason);
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
