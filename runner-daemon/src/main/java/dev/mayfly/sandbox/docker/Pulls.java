package dev.mayfly.sandbox.docker;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.github.dockerjava.api.command.PullImageCmd;
import com.github.dockerjava.api.model.AuthConfig;
import dev.mayfly.job.Fault;
import dev.mayfly.job.FaultException;
import dev.mayfly.job.ImageReference;
import dev.mayfly.job.RegistryLogin;
import dev.mayfly.sandbox.SandboxBackend.Notices;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * How images get from their registries to the engine: again where that failed in passing, within
 * one bound for all attempts, with a word now and then on how far it is.
 */
final class Pulls {

    private final DockerEngine engine;
    private final Pace pace;
    private final RandomGenerator random = RandomGenerator.getDefault();

    Pulls(DockerEngine engine, Pace pace) {
        this.engine = engine;
        this.pace = pace;
    }

    /**
     * How often something is said and tried.
     *
     * @param progress between two words on how far a pull is
     * @param pauses before the second attempt and each further one, half of it more or less
     */
    record Pace(Duration progress, List<Duration> pauses) {

        static final Pace DEFAULT =
                new Pace(
                        Duration.ofSeconds(10),
                        List.of(Duration.ofSeconds(3), Duration.ofSeconds(8)));

        Pace {
            pauses = List.copyOf(pauses);
        }
    }

    /**
     * Pulls an image, even if it is there.
     *
     * @param reference what it is called in sentences
     * @param login null for none
     * @param request whose pool may limit its size
     * @param notices are told of progress and of each attempt that failed
     * @return the digest of what was pulled, or null where the engine does not say it
     * @throws FaultException {@code IMAGE} if the registry does not have it for this login, or it
     *     is too large, {@code REGISTRY} if it failed
     */
    @Nullable String pull(
            String reference,
            ImageReference image,
            @Nullable RegistryLogin login,
            ImageRequest request,
            Notices notices)
            throws InterruptedException {
        Order order = new Order(reference, image, login, request);
        long deadline = System.nanoTime() + engine.bounds().pull().toNanos();
        for (int attempt = 0; ; attempt++) {
            Attempt made = attempt(order, deadline, notices);
            String said = made.failure();
            if (said == null) {
                return made.digest();
            }
            PullFailure failure = PullFailure.of(said, image);
            if (!failure.passing() || attempt == pace.pauses().size()) {
                throw new FaultException(failure.fault(), sentence(order, failure, said));
            }
            Duration pause = jittered(pace.pauses().get(attempt));
            if (System.nanoTime() + pause.toNanos() > deadline) {
                throw late(order, said);
            }
            notices.notice(
                    "pulling image %s failed: %s (%s); trying again in %.1f s, attempt %d of %d"
                            .formatted(
                                    reference,
                                    failure.cause(),
                                    said,
                                    pause.toMillis() / 1e3,
                                    attempt + 2,
                                    pace.pauses().size() + 1));
            Thread.sleep(pause);
        }
    }

    private Duration jittered(Duration pause) {
        return Duration.ofNanos((long) (pause.toNanos() * random.nextDouble(0.5, 1.5)));
    }

    /**
     * Has the registry say that this login may have an image that is on the engine. A pull by a
     * digest does not ask for it again: the engine has what it would get.
     *
     * @throws FaultException as {@link #pull}
     */
    void requireLeave(
            String reference,
            ImageReference image,
            @Nullable RegistryLogin login,
            ImageRequest request)
            throws InterruptedException {
        DockerEngine.Answer answer =
                engine.ask(
                        "asking the registry for image " + reference,
                        engine.bounds().pull(),
                        "/distribution/" + image.forEngine() + "/json",
                        login == null ? Map.of() : Map.of("X-Registry-Auth", header(login)));
        if (answer.status() != 200) {
            String said = without(login, answer.text().strip());
            PullFailure failure = PullFailure.of(said, image);
            throw new FaultException(
                    failure.fault(),
                    sentence(new Order(reference, image, login, request), failure, said));
        }
    }

    private static String header(RegistryLogin login) {
        try {
            return Base64.getUrlEncoder()
                    .encodeToString(
                            new ObjectMapper()
                                    .writeValueAsBytes(
                                            Map.of(
                                                    "username", login.user(),
                                                    "password", password(login),
                                                    "serveraddress", login.registry())));
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("three texts are no JSON", e);
        }
    }

    /** What is to be pulled, and what it is called. */
    private record Order(
            String reference,
            ImageReference image,
            @Nullable RegistryLogin login,
            ImageRequest request) {}

    /**
     * How one attempt ended.
     *
     * @param failure what engine or registry said when it failed, or null when it did not
     * @param digest of what came, or null where nothing did or nobody said it
     */
    private record Attempt(@Nullable String failure, @Nullable String digest) {}

    private Attempt attempt(Order order, long deadline, Notices notices)
            throws InterruptedException {
        String reference = order.reference();
        RegistryLogin login = order.login();
        Long most = order.request().rules().maxBytes();
        try (ImagePull pull = new ImagePull(most == null ? Long.MAX_VALUE : most)) {
            try {
                engine.call(
                        "pulling image " + reference,
                        client -> {
                            PullImageCmd request = client.pullImageCmd(order.image().forEngine());
                            (login == null ? request : request.withAuthConfig(auth(login)))
                                    .exec(pull);
                            return reference;
                        });
            } catch (FaultException e) {
                return new Attempt(without(login, DockerEngine.reason(e)), null);
            }
            while (!pull.await(shorter(pace.progress(), deadline))) {
                if (System.nanoTime() >= deadline) {
                    throw late(order, pull.progress());
                }
                notices.notice("pulling image " + reference + ": " + pull.progress());
            }
            if (most != null && pull.isTooLarge()) {
                throw new FaultException(
                        Fault.IMAGE,
                        ImageLimits.tooLarge(
                                reference,
                                order.request().pool(),
                                most,
                                "has packed layers of more than that alone ("
                                        + pull.progress()
                                        + ")"));
            }
            String said = pull.failure();
            return new Attempt(said == null ? null : without(login, said), pull.digest());
        }
    }

    private static Duration shorter(Duration wait, long deadline) {
        long left = Math.max(0, deadline - System.nanoTime());
        return left < wait.toNanos() ? Duration.ofNanos(left) : wait;
    }

    private FaultException late(Order order, String last) {
        return new FaultException(
                Fault.REGISTRY,
                "image %s was not there after %d s of pulling it from %s: %s; look at the registry and"
                                .formatted(
                                        order.reference(),
                                        engine.bounds().pull().toSeconds(),
                                        order.image().registry(),
                                        last)
                        + " the way to it, or raise engine.pull_timeout");
    }

    private static String sentence(Order order, PullFailure failure, String said) {
        RegistryLogin login = order.login();
        String registry = order.image().registry();
        boolean wanted = failure == PullFailure.UNAUTHORIZED && login == null;
        String cause = wanted ? "the registry wants a login, and there is none" : failure.cause();
        String cure =
                wanted || (failure == PullFailure.DENIED && login == null)
                        ? "check its name, or give a login for %s in DOCKER_AUTH_CONFIG or the pool's registry_logins, or put it on this engine with docker load or docker build"
                                .formatted(registry)
                        : failure.cure();
        return "image %s could not be pulled from %s%s: %s (%s); %s"
                .formatted(order.reference(), registry, with(login), cause, said, cure);
    }

    /** How a login is spoken of. */
    static String with(@Nullable RegistryLogin login) {
        return login == null
                ? ""
                : " with the login for %s of %s".formatted(login.registry(), login.origin());
    }

    private static AuthConfig auth(RegistryLogin login) {
        return new AuthConfig()
                .withRegistryAddress(login.registry())
                .withUsername(login.user())
                .withPassword(password(login));
    }

    private static String password(RegistryLogin login) {
        byte[] password = login.password().reveal();
        try {
            return new String(password, StandardCharsets.UTF_8);
        } finally {
            Arrays.fill(password, (byte) 0);
        }
    }

    /**
     * What a registry says, which may be the password, or the header that it was sent in. The job's
     * log does not hide that of a host's login: a job could find out by trying whether it has
     * guessed it.
     */
    static String without(@Nullable RegistryLogin login, String said) {
        if (login == null || login.password().length() == 0) {
            return said;
        }
        String password = password(login);
        byte[] sent = (login.user() + ":" + password).getBytes(StandardCharsets.UTF_8);
        return said.replace(password, "[MASKED]")
                .replace(Base64.getEncoder().encodeToString(sent), "[MASKED]");
    }
}
