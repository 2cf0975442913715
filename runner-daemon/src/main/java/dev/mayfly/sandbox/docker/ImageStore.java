package dev.mayfly.sandbox.docker;

import com.github.dockerjava.api.command.InspectImageResponse;
import com.github.dockerjava.api.command.PullImageCmd;
import com.github.dockerjava.api.model.AuthConfig;
import com.github.dockerjava.api.model.ContainerConfig;
import com.github.dockerjava.api.model.ExposedPort;
import com.github.dockerjava.api.model.InternetProtocol;
import com.github.dockerjava.api.model.Version;
import dev.mayfly.job.Fault;
import dev.mayfly.job.FaultException;
import dev.mayfly.job.ImageSpec;
import dev.mayfly.job.PullPolicy;
import dev.mayfly.job.RegistryLogin;
import dev.mayfly.sandbox.SandboxBackend.Notices;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** The images on the engine, and how others get there. */
final class ImageStore {

    /** What engines and registries say, in lower case. */
    private static final List<String> REFUSALS =
            List.of(
                    "not found",
                    "manifest unknown",
                    "pull access denied",
                    "access to the resource is denied",
                    "no basic auth credentials",
                    "repository does not exist or may require",
                    "unauthorized",
                    "authentication required",
                    "invalid reference format");

    private final DockerEngine engine;

    ImageStore(DockerEngine engine) {
        this.engine = engine;
    }

    /**
     * Finds an image, pulling it as its policies say, and settles which bytes are meant.
     *
     * @param logins to registries; the longest that covers the image is used
     * @throws FaultException {@code IMAGE} if it cannot be had or cannot run here, {@code REGISTRY}
     *     if its registry failed
     */
    EngineImage resolve(ImageSpec wanted, List<RegistryLogin> logins, Notices notices)
            throws InterruptedException {
        String reference = wanted.reference();
        InspectImageResponse image = present(wanted, loginFor(reference, logins), notices);
        requirePlatform(reference, image);
        notices.notice("image " + reference + " is " + identity(image));
        EngineImage described = describe(image);
        return wanted.user() == null ? described : described.as(wanted.user());
    }

    private InspectImageResponse present(
            ImageSpec wanted, @Nullable RegistryLogin login, Notices notices)
            throws InterruptedException {
        List<PullPolicy> policies =
                wanted.pull().isEmpty() ? List.of(PullPolicy.IF_NOT_PRESENT) : wanted.pull();
        FaultException failure = null;
        for (PullPolicy policy : policies) {
            try {
                return present(wanted.reference(), policy, login, notices);
            } catch (FaultException e) {
                if (e.fault() != Fault.IMAGE && e.fault() != Fault.REGISTRY) {
                    throw e;
                }
                if (policies.size() > 1) {
                    notices.notice(String.valueOf(e.getMessage()));
                }
                failure = e;
            }
        }
        throw Objects.requireNonNull(failure);
    }

    private InspectImageResponse present(
            String reference, PullPolicy policy, @Nullable RegistryLogin login, Notices notices)
            throws InterruptedException {
        Optional<InspectImageResponse> present =
                policy == PullPolicy.ALWAYS ? Optional.empty() : inspect(reference);
        if (present.isEmpty() && policy == PullPolicy.NEVER) {
            throw new FaultException(
                    Fault.IMAGE,
                    "image %s is not on this engine, and pull policy never forbids to fetch it; put it there, or use another policy"
                            .formatted(reference));
        }
        if (present.isEmpty()) {
            notices.notice(
                    policy == PullPolicy.ALWAYS
                            ? "pulling image " + reference
                            : "image " + reference + " is not on this engine, pulling it");
            pull(reference, login);
            present = inspect(reference);
        }
        return present.orElseThrow(
                () -> unavailable(reference, "it was gone right after the pull", null));
    }

    private static @Nullable RegistryLogin loginFor(String reference, List<RegistryLogin> logins) {
        return logins.stream()
                .filter(login -> login.covers(reference))
                .max(Comparator.comparingInt(login -> login.registry().length()))
                .orElse(null);
    }

    /** Whether the image is there, without any attempt to get it. */
    boolean has(String reference) throws InterruptedException {
        return inspect(reference).isPresent();
    }

    private Optional<InspectImageResponse> inspect(String reference) throws InterruptedException {
        return engine.find(
                "inspecting image " + reference,
                client -> client.inspectImageCmd(reference).exec());
    }

    private void pull(String reference, @Nullable RegistryLogin login) throws InterruptedException {
        try {
            engine.call(
                    "pulling image " + reference,
                    engine.bounds().pull(),
                    client -> {
                        try (ImagePull pull = new ImagePull()) {
                            PullImageCmd request = client.pullImageCmd(withTag(reference));
                            if (login != null) {
                                request = request.withAuthConfig(auth(login));
                            }
                            request.exec(pull);
                            pull.await();
                            return reference;
                        } catch (InterruptedException e) {
                            throw new PullEnded(e);
                        } catch (IOException e) {
                            throw new UncheckedIOException(e);
                        }
                    });
        } catch (FaultException e) {
            throw unavailable(reference, DockerEngine.reason(e), e);
        }
    }

    private static FaultException unavailable(
            String reference, String why, @Nullable Throwable cause) {
        return new FaultException(
                refused(why) ? Fault.IMAGE : Fault.REGISTRY,
                "image %s could not be pulled: %s; check its name, or put it on this engine with"
                                .formatted(reference, why)
                        + " docker pull, docker load or docker build",
                cause);
    }

    /** Whether a registry has answered, and does not have the image for this job. */
    private static boolean refused(String why) {
        String said = why.toLowerCase(Locale.ROOT);
        return REFUSALS.stream().anyMatch(said::contains);
    }

    private static AuthConfig auth(RegistryLogin login) {
        byte[] password = login.password().reveal();
        try {
            return new AuthConfig()
                    .withRegistryAddress(login.registry())
                    .withUsername(login.user())
                    .withPassword(new String(password, StandardCharsets.UTF_8));
        } finally {
            Arrays.fill(password, (byte) 0);
        }
    }

    /** Without a tag the engine would pull every tag of the repository. */
    static String withTag(String reference) {
        String lastPart = reference.substring(reference.lastIndexOf('/') + 1);
        return lastPart.contains(":") || lastPart.contains("@") ? reference : reference + ":latest";
    }

    private void requirePlatform(String reference, InspectImageResponse image)
            throws InterruptedException {
        Version version = engine.version();
        boolean runs =
                matches(image.getOs(), version.getOperatingSystem())
                        && matches(image.getArch(), version.getArch());
        if (!runs) {
            throw new FaultException(
                    Fault.IMAGE,
                    "image %s is for %s/%s, this engine runs %s/%s; name an image built for it"
                            .formatted(
                                    reference,
                                    image.getOs(),
                                    image.getArch(),
                                    version.getOperatingSystem(),
                                    version.getArch()));
        }
    }

    private static boolean matches(@Nullable String ofImage, @Nullable String ofEngine) {
        // Imported images may say nothing about their platform.
        return ofImage == null || ofImage.isEmpty() || ofEngine == null || ofImage.equals(ofEngine);
    }

    private static String identity(InspectImageResponse image) {
        List<String> digests = image.getRepoDigests();
        return digests == null || digests.isEmpty()
                ? String.valueOf(image.getId())
                : digests.getFirst();
    }

    private static EngineImage describe(InspectImageResponse image) {
        ContainerConfig config = image.getConfig();
        if (config == null) {
            config = new ContainerConfig();
        }
        String user = config.getUser();
        return new EngineImage(
                String.valueOf(image.getId()),
                user == null ? "" : user,
                orEmpty(config.getEntrypoint()),
                orEmpty(config.getCmd()),
                tcpPorts(config.getExposedPorts()));
    }

    private static List<String> orEmpty(String @Nullable [] words) {
        return words == null ? List.of() : Arrays.asList(words);
    }

    private static List<Integer> tcpPorts(ExposedPort @Nullable [] ports) {
        return ports == null
                ? List.of()
                : Stream.of(ports)
                        .filter(port -> port.getProtocol() == InternetProtocol.TCP)
                        .map(ExposedPort::getPort)
                        .sorted()
                        .toList();
    }

    /** Nobody waits for the pull any more. */
    private static final class PullEnded extends RuntimeException {
        private static final long serialVersionUID = 1L;

        PullEnded(InterruptedException cause) {
            super(cause);
        }
    }
}
