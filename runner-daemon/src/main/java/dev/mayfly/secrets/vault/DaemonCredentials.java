package dev.mayfly.secrets.vault;

import java.nio.file.Path;

/** By what the daemon itself is known to the server. Files are read again for each login. */
public sealed interface DaemonCredentials {

    /**
     * A role and its secret.
     *
     * @param mount of the auth method
     * @param roleId which is no secret
     * @param secretIdFile with the secret id, or with a wrapping token for it
     * @param wrappedRole name of the role whose secret id is wrapped, or empty when it is not
     *     wrapped. A wrapping token is good once: it is used for one login, and only renewal keeps
     *     the daemon in
     */
    record AppRole(String mount, String roleId, Path secretIdFile, String wrappedRole)
            implements DaemonCredentials {}

    /**
     * The client certificate of the connection.
     *
     * @param mount of the auth method
     * @param role to log in to
     * @param file with the certificate
     */
    record Certificate(String mount, String role, Path file) implements DaemonCredentials {}

    /**
     * A token that somebody else signed, of the host's platform for example.
     *
     * @param mount of the auth method
     * @param role to log in to
     * @param file with the signed token
     */
    record SignedToken(String mount, String role, Path file) implements DaemonCredentials {}

    /**
     * A token of the server itself, which an agent beside the daemon gets and renews.
     *
     * @param file with the token
     */
    record AgentToken(Path file) implements DaemonCredentials {}

    /** What the file holds now; when it changes, it is time for another login. */
    default String material() {
        return this instanceof Certificate
                ? CredentialFile.readOpen(changing())
                : CredentialFile.read(changing());
    }

    /** The file whose change means other credentials. */
    default Path changing() {
        return switch (this) {
            case AppRole(_, _, Path file, _) -> file;
            case Certificate(_, _, Path file) -> file;
            case SignedToken(_, _, Path file) -> file;
            case AgentToken(Path file) -> file;
        };
    }
}
