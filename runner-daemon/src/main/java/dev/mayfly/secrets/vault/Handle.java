package dev.mayfly.secrets.vault;

import dev.mayfly.job.OwnedResource;
import java.util.Optional;

/**
 * What the server knows a job's token or lease by: enough to end it and to ask whether it is gone,
 * not enough to use it. The journal holds these and nothing else.
 */
sealed interface Handle {

    /** A token's accessor. */
    record Token(String accessor) implements Handle {}

    /** A lease's id; begins with the path it was read from. */
    record Lease(String id) implements Handle {}

    /** What it is called in the journal and in receipts. */
    default OwnedResource at(VaultConnection server) {
        String what =
                switch (this) {
                    case Token(String accessor) -> "token " + accessor;
                    case Lease(String id) -> "lease " + id;
                };
        return new OwnedResource(OwnedResource.Kind.LEASE, prefix(server) + what);
    }

    /** Reads what {@link #at} wrote; empty when it is of another server. */
    static Optional<Handle> of(OwnedResource resource, VaultConnection server) {
        String prefix = prefix(server);
        String name = resource.name();
        if (name.startsWith(prefix + "token ")) {
            return Optional.of(new Token(name.substring((prefix + "token ").length())));
        }
        if (name.startsWith(prefix + "lease ")) {
            return Optional.of(new Lease(name.substring((prefix + "lease ").length())));
        }
        return Optional.empty();
    }

    private static String prefix(VaultConnection server) {
        return "vault "
                + server.address()
                + (server.namespace().isEmpty() ? "" : " namespace " + server.namespace())
                + " ";
    }
}
