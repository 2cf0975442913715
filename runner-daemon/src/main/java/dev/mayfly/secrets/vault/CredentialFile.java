package dev.mayfly.secrets.vault;

import dev.mayfly.secrets.vault.VaultFailure.Kind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;

/** A file by which the daemon proves who it is. */
final class CredentialFile {

    private CredentialFile() {}

    /**
     * What is in it, without the blanks around it.
     *
     * @throws VaultFailure when there is nothing, or when it is for everybody's eyes
     */
    static String read(Path file) {
        return read(file, true);
    }

    /** The same of a file that anybody may see, such as a certificate. */
    static String readOpen(Path file) {
        return read(file, false);
    }

    private static String read(Path file, boolean secret) {
        try {
            if (secret
                    && Files.getPosixFilePermissions(file)
                            .contains(PosixFilePermission.OTHERS_READ)) {
                throw new VaultFailure(
                        Kind.CREDENTIALS,
                        file + " can be read by every user of this host: chmod o-r " + file);
            }
            String content = Files.readString(file).strip();
            if (content.isEmpty()) {
                throw new VaultFailure(Kind.CREDENTIALS, file + " is empty");
            }
            return content;
        } catch (IOException e) {
            throw new VaultFailure(
                    Kind.CREDENTIALS, file + " cannot be read: " + e.getClass().getSimpleName());
        }
    }
}
