package dev.mayfly.config;

import dev.mayfly.job.RegistryLogins;
import dev.mayfly.registry.HostLogins;
import java.io.IOException;
import java.nio.file.Path;

/** The files with logins to registries that pools name: read once here, to find mistakes early. */
final class RegistryLoginFiles {

    private static final String KEY = "registry_logins";

    private final Path directory;

    private RegistryLoginFiles(Path directory) {
        this.directory = directory;
    }

    /** Reads them all; one that cannot be used is a problem of its pool. */
    static RegistryLoginFiles read(Section root, Path directory) {
        RegistryLoginFiles files = new RegistryLoginFiles(directory);
        root.sections("pools").stream().filter(pool -> pool.has(KEY)).forEach(files::check);
        return files;
    }

    /** What a pool's jobs may log in with. */
    RegistryLogins of(Section pool) {
        return pool.has(KEY) ? logins(pool) : RegistryLogins.NONE;
    }

    private HostLogins logins(Section pool) {
        return new HostLogins(directory.resolve(pool.text(KEY)).toAbsolutePath().normalize());
    }

    private void check(Section pool) {
        try {
            logins(pool).read();
        } catch (IOException e) {
            pool.report(
                    KEY,
                    String.valueOf(e.getMessage()),
                    "name a file as docker login writes it, with auths, readable by Mayfly's user"
                            + " only");
        }
    }
}
