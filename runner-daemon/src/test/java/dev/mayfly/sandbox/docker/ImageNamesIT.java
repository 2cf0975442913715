package dev.mayfly.sandbox.docker;

import static org.assertj.core.api.Assertions.assertThat;

import com.github.dockerjava.api.command.InspectImageResponse;
import dev.mayfly.job.FaultException;
import dev.mayfly.job.ImageReference;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Whether names mean to the engine what they mean to Mayfly. Needs an engine. */
@Timeout(60)
class ImageNamesIT {

    private static DockerEngine engine;
    private static String any = "";

    @BeforeAll
    static void start() throws Exception {
        engine = new DockerEngine(Fixture.HOST, Fixture.BOUNDS);
        any = new TestImages(engine, "mayfly-test-names").busybox("any");
    }

    @AfterAll
    static void stop() throws InterruptedException {
        remove(any);
        engine.close();
    }

    private static void remove(String name) throws InterruptedException {
        engine.find(
                "removing " + name,
                client -> {
                    client.removeImageCmd(name).exec();
                    return name;
                });
    }

    /** Gives an image the name as a client does that leaves the reading to the engine. */
    private static void tag(String repository, String tag) throws InterruptedException {
        engine.call(
                "tagging",
                client -> {
                    client.tagImageCmd(any, repository, tag).exec();
                    return tag;
                });
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "mayfly-test-name",
                "library/mayfly-test-name",
                "docker.io/mayfly-test-name",
                "docker.io/library/mayfly-test-name",
                "index.docker.io/mayfly-test-name",
                "index.docker.io/library/mayfly-test-name",
                "team/mayfly-test-name",
                "docker.io/team/mayfly-test-name",
                "localhost/mayfly-test-name",
                "localhost:5000/mayfly-test-name",
                "registry.example.com/mayfly-test-name",
                "registry.example.com/a/b/mayfly-test-name",
                "registry.example.com:443/mayfly-test-name",
                "registry.example.com:5000/mayfly-test-name",
                "registry:5000/mayfly-test-name",
                "127.0.0.1:5000/mayfly-test-name",
                "127.1:5000/mayfly-test-name",
                "docker.io:5000/mayfly-test-name",
                "xn--bcher-kva.example/mayfly-test-name",
                "a.b/c__d/e-f/g--h/mayfly-test-name",
            })
    void engineFindsUnderTheOneNameWhatItWasGivenUnderTheOther(String repository)
            throws InterruptedException {
        ImageReference read = ImageReference.parse(repository + ":it");
        tag(repository, "it");
        try {
            Optional<InspectImageResponse> found = new EngineImages(engine).find(read);
            assertThat(found).isPresent();
        } finally {
            remove(repository + ":it");
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "Team/app",
                "registry.example.com/Team/app",
                "-registry.example.com/app",
                "registry.example.com./app",
                "registry.example.com:/app",
                "user@registry.example.com/app",
                "registry.example.com//app",
                "/app",
                "app/",
                "a/../b",
                "a..b",
                "a___b",
                "_a",
                "a-",
                "registry.example.com/te%61m",
                "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
            })
    void engineRefusesWhatIsNoName(String repository) throws InterruptedException {
        assertThat(refuses(() -> ImageReference.parse(repository))).isTrue();
        boolean refused;
        try {
            tag(repository, "it");
            remove(repository + ":it");
            refused = false;
        } catch (FaultException e) {
            refused = true;
        }
        assertThat(refused).isTrue();
    }

    private static boolean refuses(Runnable parse) {
        try {
            parse.run();
            return false;
        } catch (IllegalArgumentException e) {
            return true;
        }
    }

    @Test
    void beginningOfAnImagesNumberIsNoName() throws InterruptedException {
        String id =
                engine.find("looking", client -> client.inspectImageCmd(any).exec())
                        .map(InspectImageResponse::getId)
                        .orElseThrow();
        String number = id.substring("sha256:".length(), "sha256:".length() + 12);
        assertThat(engine.find("looking", client -> client.inspectImageCmd(number).exec()))
                .as("to the engine it is one")
                .isPresent();
        for (String name : List.of(number, "mayfly-test-names/any:" + number)) {
            assertThat(new EngineImages(engine).find(ImageReference.parse(name))).isEmpty();
        }
    }
}
