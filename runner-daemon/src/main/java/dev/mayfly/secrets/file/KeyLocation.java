package dev.mayfly.secrets.file;

import dev.mayfly.job.Fault;
import dev.mayfly.job.FaultException;
import java.nio.file.Path;
import java.util.Map;

/** Where the key of the secrets file is: a Tink keyset in JSON. */
public sealed interface KeyLocation {

    /** The file to read. */
    Path path();

    /**
     * A file that Mayfly makes and rotates. Nobody but its owner may read it, and the owner is the
     * user that Mayfly runs as.
     */
    record OwnFile(Path path) implements KeyLocation {}

    /**
     * A file that systemd made for this service alone. Mayfly only reads it.
     *
     * <p>Its owner and group bits are not held against it: since version 254 systemd gives it to
     * root and lets the service's user in by an ACL, which shows as mode 0440.
     */
    record SystemdCredential(Path path) implements KeyLocation {}

    /**
     * The credential that the unit's {@code LoadCredential=} or {@code LoadCredentialEncrypted=}
     * names.
     *
     * @param environment the process's, for {@code CREDENTIALS_DIRECTORY}
     * @throws FaultException with {@code SECRET} when systemd gave this process no credentials
     */
    static KeyLocation credential(String name, Map<String, String> environment) {
        String directory = environment.get("CREDENTIALS_DIRECTORY");
        if (directory == null || directory.isEmpty()) {
            throw new FaultException(
                    Fault.SECRET,
                    "the key of the secrets file is to be the systemd credential \""
                            + name
                            + "\", but CREDENTIALS_DIRECTORY is not set: add LoadCredential="
                            + name
                            + ":/path/to/key to the [Service] section of the unit, or name a key"
                            + " file instead");
        }
        return new SystemdCredential(Path.of(directory, name));
    }
}
