package dev.mayfly.secrets.vault;

import dev.mayfly.job.HandedValue;
import dev.mayfly.job.SecretAccount;
import dev.mayfly.job.SecretRequest;
import dev.mayfly.job.SecretValue;
import dev.mayfly.secrets.vault.PoolAccess.IdentityRole;
import dev.mayfly.secrets.vault.PoolAccess.TokenRole;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Decides as whom the jobs of one pool ask. What a job's author says of servers and roles is held
 * against the configuration: it can choose among what is allowed there, and adds nothing to it.
 *
 * @param server that is asked, whatever a job says
 * @param access of the pool
 */
record Identities(VaultConnection server, PoolAccess access) {

    /** Header, payload and signature of a signed token. */
    private static final Pattern SIGNED_TOKEN =
            Pattern.compile("[A-Za-z0-9_=-]+\\.[A-Za-z0-9_=-]+\\.[A-Za-z0-9_=-]*");

    /** As whom jobs ask that leave it to the pool. */
    Identity usual(List<HandedValue> handed) {
        IdentityRole role = access.exchanged();
        Optional<SecretValue> token =
                role == null
                        ? Optional.empty()
                        : handed.stream()
                                .filter(value -> value.name().equals(role.variable()))
                                .map(HandedValue::value)
                                .findFirst();
        if (role != null && token.isPresent()) {
            return new Identity.Brought(role.mount(), role.role(), text(token.get()));
        }
        TokenRole minted = access.minted();
        return minted != null
                ? new Identity.Made(minted)
                : new Identity.Missing(
                        "the job brings no identity token: add to it  id_tokens: { "
                                + (role == null ? "NAME" : role.variable())
                                + ": { aud: ... } }");
    }

    /**
     * As whom a secret is asked for.
     *
     * @throws IllegalArgumentException saying what of the account that the job names is not allowed
     */
    Identity of(SecretRequest request, List<HandedValue> handed) {
        SecretAccount account = request.account();
        return account == null ? usual(handed) : named(account);
    }

    private Identity named(SecretAccount account) {
        IdentityRole role = access.exchanged();
        if (role == null) {
            throw new IllegalArgumentException(
                    "is asked for by an identity token, and pool "
                            + access.pool()
                            + " exchanges none: add jwt to its vault section in the runner's"
                            + " configuration");
        }
        if (Stream.concat(Stream.of(server.address()), server.others().stream())
                .map(URI::toString)
                .map(Identities::comparable)
                .noneMatch(comparable(account.server())::equals)) {
            throw new IllegalArgumentException(
                    "is at the server "
                            + shown(account.server())
                            + ", which this runner does not ask: it must be "
                            + server.address());
        }
        if (!account.namespace().isEmpty() && !account.namespace().equals(server.namespace())) {
            throw new IllegalArgumentException(
                    "is in the namespace "
                            + shown(account.namespace())
                            + ", which this runner does not ask: it must be "
                            + (server.namespace().isEmpty() ? "none" : server.namespace()));
        }
        if (!account.mount().isEmpty() && !account.mount().equals(role.mount())) {
            throw new IllegalArgumentException(
                    "is asked for through the auth method "
                            + shown(account.mount())
                            + ", which pool "
                            + access.pool()
                            + " does not use: it must be "
                            + role.mount());
        }
        String wanted = account.role().isEmpty() ? role.role() : account.role();
        if (!role.serves(wanted)) {
            throw new IllegalArgumentException(
                    "is asked for in the role "
                            + shown(wanted)
                            + ", which jobs in pool "
                            + access.pool()
                            + " may not have: it must be "
                            + String.join(" or ", roles(role)));
        }
        String token = text(account.token());
        if (token.isEmpty()) {
            return new Identity.Missing(
                    "the job brings no identity token for it: add to it  id_tokens: { NAME: { aud:"
                            + " ... } }  and to the secret  token: $NAME");
        }
        if (!SIGNED_TOKEN.matcher(token).matches()) {
            throw new IllegalArgumentException(
                    "comes with something that is no identity token: let its token be $NAME, with"
                            + " NAME one of the job's id_tokens");
        }
        return new Identity.Brought(role.mount(), wanted, token);
    }

    private static List<String> roles(IdentityRole role) {
        return Stream.concat(Stream.of(role.role()), role.others().stream()).toList();
    }

    /** Host names know no case, and a slash at the end means nothing. */
    private static String comparable(String address) {
        return address.toLowerCase(Locale.ROOT)
                .replaceFirst("/+$", "")
                .replaceFirst("^(https://[^/]*):443$", "$1")
                .replaceFirst("^(http://[^/]*):80$", "$1");
    }

    /** The job's author has written it, and it may be long. */
    private static String shown(String text) {
        String line = text.replaceAll("\\p{Cntrl}", "?");
        return "\"" + (line.length() > 80 ? line.substring(0, 80) + "…" : line) + "\"";
    }

    private static String text(SecretValue value) {
        return new String(value.reveal(), StandardCharsets.US_ASCII);
    }
}
