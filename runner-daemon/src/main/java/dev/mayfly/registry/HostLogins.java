package dev.mayfly.registry;

import dev.mayfly.job.Fault;
import dev.mayfly.job.FaultException;
import dev.mayfly.job.RegistryLogin;
import dev.mayfly.job.RegistryLogin.Origin;
import dev.mayfly.job.RegistryLogins;
import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.util.List;
import java.util.Set;

/**
 * The logins in a {@code config.json} of this host, read each time, so that whatever renews them
 * needs no restart.
 *
 * @param file absolute
 */
public record HostLogins(Path file) implements RegistryLogins {

    private static final long MOST_BYTES = 1 << 20;

    @Override
    public List<RegistryLogin> now() {
        try {
            return read();
        } catch (IOException e) {
            throw new FaultException(
                    Fault.REGISTRY,
                    "the pool's registry_logins %s; put that right, and retry the job"
                            .formatted(e.getMessage()),
                    e);
        }
    }

    /**
     * Reads them, and refuses what would be used by nobody or seen by everybody.
     *
     * @throws IOException with what is wrong, beginning with the file, without any of its content
     */
    public List<RegistryLogin> read() throws IOException {
        Set<PosixFilePermission> permissions;
        String text;
        try {
            permissions = Files.getPosixFilePermissions(file);
            if (Files.size(file) > MOST_BYTES) {
                throw new IOException(file + " is longer than " + MOST_BYTES + " bytes");
            }
            text = Files.readString(file);
        } catch (FileSystemException e) {
            throw new IOException(file + " cannot be read: " + e.getClass().getSimpleName(), e);
        }
        if (permissions.contains(PosixFilePermission.OTHERS_READ)
                || permissions.contains(PosixFilePermission.OTHERS_WRITE)) {
            throw new IOException(file + " is open to every user of this host: chmod 600 " + file);
        }
        DockerConfig config;
        try {
            config = DockerConfig.parse(text, Origin.HOST);
        } catch (IllegalArgumentException e) {
            throw new IOException(file + " " + e.getMessage(), e);
        }
        if (!config.unused().isEmpty()) {
            throw new IOException(
                    file + " has what is not used: " + String.join("; ", config.unused()));
        }
        return config.logins();
    }
}
