package dev.mayfly.sandbox.docker;

import com.github.dockerjava.api.command.InspectImageResponse;
import com.github.dockerjava.api.model.ContainerConfig;
import com.github.dockerjava.api.model.ExposedPort;
import com.github.dockerjava.api.model.InternetProtocol;
import com.github.dockerjava.api.model.Version;
import dev.mayfly.job.Fault;
import dev.mayfly.job.FaultException;
import dev.mayfly.job.ImageSpec;
import dev.mayfly.job.PullPolicy;
import dev.mayfly.job.RegistryLogin;
import dev.mayfly.job.UsedImage;
import dev.mayfly.sandbox.SandboxBackend.Notices;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** The images on the engine, and how others get there. */
final class ImageStore {

    /** As the engine reads it: a registry, a path, a tag, a digest. */
    private static final Pattern NAME =
            Pattern.compile(
                    "(([A-Za-z0-9.-]++|\\[[0-9A-Fa-f:]++])(:[0-9]++)?/)?"
                            + "[a-z0-9]++(([._/]|__|-++)[a-z0-9]++)*+"
                            + "(:[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(@[A-Za-z0-9+._-]++:[0-9A-Fa-f]{32,128})?");

    private final DockerEngine engine;
    private final Pulls pulls;

    ImageStore(DockerEngine engine, Pulls.Pace pace) {
        this.engine = engine;
        pulls = new Pulls(engine, pace);
    }

    /**
     * Finds an image, pulling it as its policies say, and settles which bytes are meant.
     *
     * @param logins to registries; the most specific that covers the image is used
     * @throws FaultException {@code IMAGE} if it cannot be had or cannot run here, {@code REGISTRY}
     *     if its registry failed
     */
    EngineImage resolve(ImageSpec wanted, List<RegistryLogin> logins, Notices notices)
            throws InterruptedException {
        String reference = wanted.reference();
        if (!NAME.matcher(reference).matches()) {
            throw new FaultException(
                    Fault.IMAGE,
                    "\"%s\" is no name of an image; write it as REGISTRY/PATH:TAG, in lower case, and look whether a variable in it is empty"
                            .formatted(reference));
        }
        RegistryLogin login = RegistryLogin.of(reference, logins).orElse(null);
        InspectImageResponse image = present(wanted, login, notices);
        requirePlatform(reference, image);
        String identity = identity(image, reference);
        notices.notice("image " + reference + " is " + identity);
        notices.uses(new UsedImage(reference, identity));
        EngineImage described = describe(image);
        return wanted.user() == null ? described : described.as(wanted.user());
    }

    private InspectImageResponse present(
            ImageSpec wanted, @Nullable RegistryLogin login, Notices notices)
            throws InterruptedException {
        // Whether this job may have it is for the registry to say, not for what is on the engine.
        PullPolicy usual = login == null ? PullPolicy.IF_NOT_PRESENT : PullPolicy.ALWAYS;
        List<PullPolicy> policies = wanted.pull().isEmpty() ? List.of(usual) : wanted.pull();
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
                    (policy == PullPolicy.ALWAYS
                                    ? "pulling image " + reference
                                    : "image " + reference + " is not on this engine, pulling it")
                            + Pulls.with(login));
            pull(reference, policy, login, notices);
            present = inspect(reference);
        }
        return present.orElseThrow(() ->
                new FaultException(
                        Fault.ENGINE,
                        "image %s was gone right after it was pulled; does something prune images on this host?"
                                .formatted(reference)));
    }

    private void pull(
            String reference, PullPolicy policy, @Nullable RegistryLogin login, Notices notices)
            throws InterruptedException {
        try {
            pulls.pull(reference, login, notices);
        } catch (FaultException e) {
            if (policy != PullPolicy.ALWAYS || !has(reference)) {
                throw e;
            }
            throw new FaultException(
                    e.fault(),
                    e.getMessage()
                            + "; it is on this engine, and pull policy always does not use it without"
                            + " asking the registry: if-not-present does, in the pool's pull_policy or"
                            + " the job's",
                    e);
        }
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

    private static String identity(InspectImageResponse image, String reference) {
        List<String> digests = image.getRepoDigests();
        if (digests == null || digests.isEmpty()) {
            return String.valueOf(image.getId());
        }
        // The same bytes may have been pulled under other names, perhaps of other projects.
        String repository = RegistryLogin.repositoryOf(reference);
        return digests.stream()
                .filter(digest -> RegistryLogin.repositoryOf(digest).equals(repository))
                .findFirst()
                .orElse(String.valueOf(image.getId()));
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
}
