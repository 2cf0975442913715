package dev.mayfly.config;

import java.nio.file.Path;
import java.util.Optional;

/** Where certificates for an engine over TLS are, if the file does not say. */
final class EngineCertificates {

    private EngineCertificates() {}

    /** As the docker command line has it: both variables, or no TLS. */
    static Optional<Path> ofEnvironment(Environment environment) {
        return environment.variable("DOCKER_TLS_VERIFY").isPresent()
                ? environment.variable("DOCKER_CERT_PATH").map(Path::of)
                : Optional.empty();
    }
}
