package dev.mayfly.egress;

import dev.mayfly.sandbox.Outlet;
import java.net.Inet4Address;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The way out of one job. */
public final class JobOutlet implements Outlet, AutoCloseable {

    private final EgressPolicy policy;
    private final Gateway.Traveller traveller;
    private final @Nullable Destination sources;
    private final Dialer dialer;
    private final EgressAccount account;

    JobOutlet(
            EgressPolicy policy,
            Gateway.Traveller traveller,
            @Nullable Destination sources,
            Dialer dialer,
            EgressAccount account) {
        this.policy = policy;
        this.traveller = traveller;
        this.sources = sources;
        this.dialer = dialer;
        this.account = account;
    }

    @Override
    public Set<Integer> ports() {
        return policy.ports();
    }

    @Override
    public int connections() {
        return policy.connections();
    }

    @Override
    public Optional<byte[]> answer(Origin origin, byte[] question, Inet4Address relay) {
        return NameQuestion.parse(question)
                .map(asked ->
                        mayAsk(origin, asked.name()) ? asked.answeredBy(relay) : asked.refused());
    }

    private boolean mayAsk(Origin origin, String text) {
        Host host;
        try {
            host = Host.parse(text);
        } catch (IllegalArgumentException e) {
            account.refused(
                    origin, "a name that is none", null, "it is no name of a host", "", true);
            return false;
        }
        if (!(host instanceof Host.Name name)) {
            return false; // an address has no address
        }
        if (isSources(origin, name)) {
            return true;
        }
        return switch (policy.ofName(name)) {
            case Ruling.Allowed _ -> true;
            case Ruling.Refused _ when policy.auditOnly() -> true;
            case Ruling.Refused(String reason, String cure, boolean _) -> {
                String shown = account.shown(name.value(), text);
                boolean plain = shown.equals(name.value());
                account.refused(origin, shown, null, reason, plain ? cure : "", true);
                yield false;
            }
        };
    }

    private boolean isSources(Origin origin, Host host) {
        return sources != null
                && origin.part() == Origin.Part.CHECKOUT
                && sources.host().equals(host);
    }

    @Override
    public void serve(Origin origin, int port, Line line) throws InterruptedException {
        new Conversation(this, origin, line).hold(port);
    }

    /** What follows "pool": for texts that programs of the job show. */
    String pool() {
        return traveller.pool().value();
    }

    EgressPolicy policy() {
        return policy;
    }

    EgressAccount account() {
        return account;
    }

    /** Connects, or finds out why not; does not write that down. */
    Dialer.Dialed dial(Origin origin, Destination to) throws InterruptedException {
        boolean trusted =
                isSources(origin, to.host()) && sources != null && sources.port() == to.port();
        return dialer.dial(
                to, trusted ? new Ruling.Allowed("the job's sources") : policy.of(to), trusted);
    }

    /** Ends what is still open. */
    @Override
    public void close() {
        account.close();
    }

    /** The job's log is about to end, and secrets are not recognized any more. */
    public void logEnds() {
        account.logEnds();
    }

    /** Where the job has connected to and what was refused, as lines for its log; none for none. */
    public List<String> table() {
        return account.lines(policy.auditOnly());
    }
}
