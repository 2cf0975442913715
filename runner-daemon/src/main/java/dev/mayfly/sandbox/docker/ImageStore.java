package dev.mayfly.sandbox.docker;

import com.github.dockerjava.api.command.InspectImageResponse;
import com.github.dockerjava.api.model.ContainerConfig;
import com.github.dockerjava.api.model.ExposedPort;
import com.github.dockerjava.api.model.InternetProtocol;
import com.github.dockerjava.api.model.Version;
import dev.mayfly.job.Fault;
import dev.mayfly.job.FaultException;
import dev.mayfly.sandbox.SandboxBackend.Notices;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** The images on the engine, and how others get there. */
final class ImageStore {

    private final DockerEngine engine;

    ImageStore(DockerEngine engine) {
        this.engine = engine;
    }

    /**
     * Finds an image, pulling it if it is not there, and settles which bytes are meant.
     *
     * @throws FaultException {@code IMAGE} if it cannot be had or cannot run here
     */
    EngineImage resolve(String reference, Notices notices) throws InterruptedException {
        Optional<InspectImageResponse> present = inspect(reference);
        if (present.isEmpty()) {
            notices.notice("image " + reference + " is not on this engine, pulling it");
            pull(reference);
            present = inspect(reference);
        }
        InspectImageResponse image =
                present.orElseThrow(
                        () -> unavailable(reference, "it was gone right after the pull", null));
        requirePlatform(reference, image);
        notices.notice("image " + reference + " is " + identity(image));
        return describe(image);
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

    private void pull(String reference) throws InterruptedException {
        try {
            engine.call(
                    "pulling image " + reference,
                    engine.bounds().pull(),
                    client -> {
                        try (ImagePull pull = new ImagePull()) {
                            client.pullImageCmd(withTag(reference)).exec(pull);
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
                Fault.IMAGE,
                "image %s is not on this engine and could not be pulled: %s; check its name, or put"
                                .formatted(reference, why)
                        + " it there with docker pull, docker load or docker build",
                cause);
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
