package dev.mayfly.secrets.file;

import dev.mayfly.job.Fault;
import dev.mayfly.job.FaultException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.util.Set;

/**
 * The file that holds the keyset. It is read only after nobody but the right user could have read
 * it.
 *
 * @param location where it is
 * @param user number of the user who must own a file that is not systemd's
 */
record KeyFile(KeyLocation location, long user) {

    // A keyset has some 300 bytes for each key.
    private static final int MAX_BYTES = 64 * 1024;

    /**
     * Whether there is a file.
     *
     * @throws FaultException when that cannot be told
     */
    boolean exists() {
        try {
            return PrivateFiles.exists(location.path());
        } catch (IOException e) {
            throw new FaultException(
                    Fault.SECRET,
                    "the key file "
                            + location.path()
                            + " cannot be looked at ("
                            + e.getMessage()
                            + "): run as the user it belongs to, or give this user the right to"
                            + " search its directories",
                    e);
        }
    }

    /**
     * Reads the keyset.
     *
     * @throws FaultException naming the file and the cure
     */
    Keyset read() {
        Path path = location.path();
        try {
            requirePrivate();
            if (Files.size(path) > MAX_BYTES) {
                throw notAKeyset("is longer than " + MAX_BYTES + " bytes");
            }
            return parse(Files.readString(path));
        } catch (NoSuchFileException _) {
            throw missing();
        } catch (IOException e) {
            throw new FaultException(
                    Fault.SECRET,
                    "the key file " + path + " cannot be read: " + e + "; check path and rights",
                    e);
        }
    }

    private Keyset parse(String json) {
        try {
            return Keyset.parse(json);
        } catch (GeneralSecurityException | RuntimeException e) {
            // Neither its message nor itself as the cause: a parser may quote what it could not
            // parse, and that may be a key.
            throw notAKeyset("was refused by the parser (" + e.getClass().getSimpleName() + ")");
        }
    }

    /** Puts another keyset in its place. The caller holds the write lock. */
    void write(Keyset keyset) throws IOException, GeneralSecurityException {
        PrivateFiles.replace(location.path(), keyset.toJson().getBytes(StandardCharsets.UTF_8));
    }

    private void requirePrivate() throws IOException {
        Path path = location.path();
        Set<PosixFilePermission> rights = Files.getPosixFilePermissions(path);
        switch (location) {
            case KeyLocation.OwnFile _ -> {
                if (!PrivateFiles.OWNER_ONLY.value().containsAll(rights)) {
                    throw openToOthers(rights);
                }
                requireOwner();
            }
            case KeyLocation.SystemdCredential _ -> {
                if (rights.contains(PosixFilePermission.OTHERS_READ)
                        || rights.contains(PosixFilePermission.OTHERS_WRITE)
                        || rights.contains(PosixFilePermission.GROUP_WRITE)) {
                    throw openToOthers(rights);
                }
            }
        }
    }

    private void requireOwner() throws IOException {
        Path path = location.path();
        long owner = Integer.toUnsignedLong((Integer) Files.getAttribute(path, "unix:uid"));
        if (owner != user) {
            throw new FaultException(
                    Fault.SECRET,
                    "the key file "
                            + path
                            + " belongs to user "
                            + owner
                            + ", but Mayfly runs as user "
                            + user
                            + ": run it as the owner, for example with sudo -u '#"
                            + owner
                            + "', or give the file away with chown "
                            + user
                            + " "
                            + path);
        }
    }

    private FaultException openToOthers(Set<PosixFilePermission> rights) {
        return new FaultException(
                Fault.SECRET,
                "the key file "
                        + location.path()
                        + " has the mode "
                        + PosixFilePermissions.toString(rights)
                        + ", must be 0400 or 0600, because whoever reads it reads every secret:"
                        + " chmod 0400 "
                        + location.path());
    }

    private FaultException missing() {
        String cure =
                switch (location) {
                    case KeyLocation.OwnFile _ ->
                            "restore it from a backup; if there is none, remove the secrets file"
                                    + " and set each secret again with \"mayfly secret set\"";
                    case KeyLocation.SystemdCredential _ ->
                            "add LoadCredential="
                                    + location.path().getFileName()
                                    + ":/path/to/key to the [Service] section of the unit";
                };
        return new FaultException(
                Fault.SECRET,
                "the key of the secrets file, " + location.path() + ", does not exist: " + cure);
    }

    private FaultException notAKeyset(String finding) {
        return new FaultException(
                Fault.SECRET,
                "the key file "
                        + location.path()
                        + " is not a Tink keyset for authenticated encryption in JSON: it "
                        + finding
                        + "; restore it from a backup");
    }
}
