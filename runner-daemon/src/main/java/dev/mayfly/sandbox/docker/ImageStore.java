package dev.mayfly.sandbox.docker;

import com.github.dockerjava.api.command.InspectImageResponse;
import com.github.dockerjava.api.model.ContainerConfig;
import com.github.dockerjava.api.model.ExposedPort;
import com.github.dockerjava.api.model.InternetProtocol;
import com.github.dockerjava.api.model.Version;
import dev.mayfly.job.Fault;
import dev.mayfly.job.FaultException;
import dev.mayfly.job.ImageReference;
import dev.mayfly.job.ImageSpec;
import dev.mayfly.job.PullPolicy;
import dev.mayfly.job.RegistryLogin;
import dev.mayfly.job.UsedImage;
import dev.mayfly.sandbox.ImageRecords;
import dev.mayfly.sandbox.SandboxBackend.Notices;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The images that jobs are made of: which bytes a name stands for, by whose right they are on the
 * engine, how they get there, and whether their pool takes them.
 */
final class ImageStore {

    private final DockerEngine engine;
    private final EngineImages images;
    private final Pulls pulls;
    private final ImageRecords records;
    private final InstantSource clock;

    ImageStore(DockerEngine engine, Pulls.Pace pace, ImageRecords records, InstantSource clock) {
        this.engine = engine;
        this.images = new EngineImages(engine);
        this.records = records;
        this.clock = clock;
        pulls = new Pulls(engine, pace);
    }

    /** One image that somebody wants, and what it is called in sentences. */
    private record Wanted(ImageSpec spec, ImageReference image, ImageRequest request) {

        String name() {
            return spec.reference();
        }

        Wanted as(ImageReference other) {
            return new Wanted(spec, other, request);
        }
    }

    /**
     * Finds an image, pulling it as its policies say, and settles which bytes are meant.
     *
     * @throws FaultException {@code IMAGE} if it cannot be had, cannot run here or is refused,
     *     {@code REGISTRY} if its registry failed
     */
    EngineImage resolve(ImageSpec spec, ImageRequest request, Notices notices)
            throws InterruptedException {
        Wanted wanted = new Wanted(spec, parsed(spec.reference()), request);
        InspectImageResponse image =
                request.pins(wanted.image()) ? pinned(wanted, notices) : present(wanted, notices);
        requirePlatform(wanted.name(), image);
        new ImageLimits(request.pool(), request.rules(), clock)
                .require(wanted.name(), image, notices);
        String identity = EngineImages.identity(image, wanted.image());
        notices.notice("image " + wanted.name() + " is " + identity);
        notices.uses(new UsedImage(wanted.name(), identity));
        EngineImage described = describe(image);
        return spec.user() == null ? described : described.as(spec.user());
    }

    private static ImageReference parsed(String name) {
        try {
            return ImageReference.parse(name);
        } catch (IllegalArgumentException e) {
            throw new FaultException(
                    Fault.IMAGE,
                    "\"%s\" is no name of an image: it %s".formatted(name, e.getMessage()),
                    e);
        }
    }

    /** What the tag stood for in the first run of the commit, which this one may be. */
    private InspectImageResponse pinned(Wanted wanted, Notices notices)
            throws InterruptedException {
        ImageRequest request = wanted.request();
        String run = request.terms().run();
        Optional<String> first = records.pin(request.pool(), run, wanted.image());
        if (first.isPresent()) {
            return pinned(wanted, first.get(), notices);
        }
        InspectImageResponse found = present(wanted, notices);
        String now = EngineImages.identity(found, wanted.image());
        String counts = records.pin(request.pool(), run, wanted.image(), now);
        return counts.equals(now) ? found : pinned(wanted, counts, notices);
    }

    private InspectImageResponse pinned(Wanted wanted, String identity, Notices notices)
            throws InterruptedException {
        int at = identity.indexOf('@');
        InspectImageResponse found;
        try {
            found =
                    present(
                            at < 0
                                    ? wanted
                                    : wanted.as(wanted.image().at(identity.substring(at + 1))),
                            notices);
        } catch (FaultException e) {
            throw new FaultException(e.fault(), moved(wanted, identity, e.getMessage()), e);
        }
        if (at < 0 && !identity.equals(found.getId())) {
            throw new FaultException(
                    Fault.IMAGE, moved(wanted, identity, "it is " + found.getId() + " now"));
        }
        return found;
    }

    private static String moved(Wanted wanted, String identity, @Nullable String because) {
        return "image %s was %s when this commit first ran in pool %s, which holds later runs to that: %s; to take what it is now, run a new commit [rule built-in/pin]"
                .formatted(wanted.name(), identity, wanted.request().pool(), because);
    }

    private InspectImageResponse present(Wanted wanted, Notices notices)
            throws InterruptedException {
        RegistryLogin login = wanted.request().login(wanted.image());
        // Whether this job may have it is for the registry to say, not for what is on the engine.
        PullPolicy usual = login == null ? PullPolicy.IF_NOT_PRESENT : PullPolicy.ALWAYS;
        List<PullPolicy> policies =
                wanted.spec().pull().isEmpty() ? List.of(usual) : wanted.spec().pull();
        FaultException failure = null;
        for (PullPolicy policy : policies) {
            try {
                return present(wanted, policy, login, notices);
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
            Wanted wanted, PullPolicy policy, @Nullable RegistryLogin login, Notices notices)
            throws InterruptedException {
        Optional<InspectImageResponse> there = images.find(wanted.image());
        if (policy != PullPolicy.ALWAYS && there.isPresent() && usable(wanted, there.get())) {
            return there.get();
        }
        if (policy == PullPolicy.NEVER) {
            throw new FaultException(
                    Fault.IMAGE,
                    "image %s is not on this engine, or not for this job, and pull policy never forbids to fetch it; put it there, or use another policy"
                            .formatted(wanted.name()));
        }
        String beginning =
                policy == PullPolicy.ALWAYS
                        ? "pulling image " + wanted.name()
                        : "image %s is not on this engine%s, pulling it"
                                .formatted(wanted.name(), there.isPresent() ? " for this job" : "");
        notices.notice(beginning + Pulls.with(login));
        try {
            return pull(wanted, login, notices);
        } catch (FaultException e) {
            if (policy != PullPolicy.ALWAYS || there.isEmpty() || !usable(wanted, there.get())) {
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

    private boolean usable(Wanted wanted, InspectImageResponse found) {
        ImageRequest request = wanted.request();
        return request.own()
                || records.usable(wanted.image(), String.valueOf(found.getId()), request.asking());
    }

    private InspectImageResponse pull(Wanted wanted, @Nullable RegistryLogin login, Notices notices)
            throws InterruptedException {
        ImageReference image = wanted.image();
        String before = images.find(image).map(InspectImageResponse::getId).orElse("");
        boolean operators = !before.isEmpty() && records.operators(image, before);
        if (image.digest() != null && !before.isEmpty()) {
            pulls.requireLeave(wanted.name(), image, login, wanted.request());
        }
        // What is interrupted from here on stays noted as begun: the engine may go on.
        records.begins(image);
        String digest;
        try {
            digest = pulls.pull(wanted.name(), image, login, wanted.request(), notices);
        } catch (FaultException e) {
            if (images.find(image).map(InspectImageResponse::getId).orElse("").equals(before)) {
                records.failed(image);
            }
            throw e;
        }
        InspectImageResponse found = pulled(image, digest, wanted.name());
        String id = String.valueOf(found.getId());
        records.brought(image, id, wanted.request().holder(login), operators && id.equals(before));
        forgetWhatIsGone();
        return found;
    }

    /** By what was pulled, since others may have moved the tag in the meantime. */
    private InspectImageResponse pulled(ImageReference image, @Nullable String digest, String name)
            throws InterruptedException {
        Optional<InspectImageResponse> exact =
                digest == null ? Optional.empty() : images.find(image.at(digest));
        Optional<InspectImageResponse> found = exact.isPresent() ? exact : images.find(image);
        return found.orElseThrow(() ->
                new FaultException(
                        Fault.ENGINE,
                        "image %s was gone right after it was pulled; does something prune images on this host?"
                                .formatted(name)));
    }

    private void forgetWhatIsGone() throws InterruptedException {
        if (records.crowded()) {
            long asOf = clock.millis();
            EngineImages.Listing listing = images.list();
            records.keep(listing.ids(), listing.names(), asOf);
        }
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
