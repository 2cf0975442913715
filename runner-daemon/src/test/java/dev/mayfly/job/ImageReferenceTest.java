package dev.mayfly.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class ImageReferenceTest {

    private static final String D = "sha256:" + "0123456789abcdef".repeat(4);

    @ParameterizedTest(name = "{0}")
    @CsvSource({
        "debian, docker.io/library/debian:latest",
        "debian:12, docker.io/library/debian:12",
        "library/debian, docker.io/library/debian:latest",
        "docker.io/debian, docker.io/library/debian:latest",
        "docker.io/library/debian, docker.io/library/debian:latest",
        "index.docker.io/debian, docker.io/library/debian:latest",
        "index.docker.io/library/debian:12, docker.io/library/debian:12",
        "Docker.IO/debian, docker.io/library/debian:latest",
        "INDEX.docker.io/team/app, docker.io/team/app:latest",
        "docker.io:443/debian, docker.io/library/debian:latest",
        "index.docker.io:443/debian, docker.io/library/debian:latest",
        "docker.io:5000/debian, docker.io:5000/debian:latest",
        "registry-1.docker.io/library/debian, registry-1.docker.io/library/debian:latest",
        "docker.io.evil.example/debian, docker.io.evil.example/debian:latest",
        "team/app, docker.io/team/app:latest",
        "a/b/c, docker.io/a/b/c:latest",
        "registry.example.com/app, registry.example.com/app:latest",
        "registry.example.com/team/app:1.2, registry.example.com/team/app:1.2",
        "Registry.Example.COM/team/app, registry.example.com/team/app:latest",
        "registry.example.com:443/app, registry.example.com/app:latest",
        "registry.example.com:0443/app, registry.example.com/app:latest",
        "registry.example.com:80/app, registry.example.com:80/app:latest",
        "registry.example.com:5000/app:v1, registry.example.com:5000/app:v1",
        "registry.example.com:05000/app, registry.example.com:5000/app:latest",
        "registry:5000/app, registry:5000/app:latest",
        "app:1/2, app:1/2:latest",
        "registry:5000, docker.io/library/registry:5000",
        "registry.example.com, docker.io/library/registry.example.com:latest",
        "localhost/app, localhost/app:latest",
        "LocalHost/app, localhost/app:latest",
        "localhost:5000/app, localhost:5000/app:latest",
        "localhost, docker.io/library/localhost:latest",
        "127.0.0.1:5000/app, 127.0.0.1:5000/app:latest",
        "127.1:5000/app, 127.1:5000/app:latest",
        "[::1]:5000/app, [0:0:0:0:0:0:0:1]:5000/app:latest",
        "[0:0::1]:5000/app, [0:0:0:0:0:0:0:1]:5000/app:latest",
        "[2001:DB8::A]/app, [2001:db8:0:0:0:0:0:a]/app:latest",
        "[::ffff:7f00:1]:5000/app, 127.0.0.1:5000/app:latest",
        "xn--bcher-kva.example/app, xn--bcher-kva.example/app:latest",
        "XN--BCHER-KVA.example/app, xn--bcher-kva.example/app:latest",
        "registry/app, docker.io/registry/app:latest",
        "a.b/c__d/e-f/g--h/i.j, a.b/c__d/e-f/g--h/i.j:latest",
        "app:_1, docker.io/library/app:_1",
        "app:V1.0-RC, docker.io/library/app:V1.0-RC",
        "sha256/app, docker.io/sha256/app:latest",
        "sha256:12, docker.io/library/sha256:12",
        "deadbeef, docker.io/library/deadbeef:latest",
        "0123456789ab, docker.io/library/0123456789ab:latest",
    })
    void nameMeansOneImageHoweverItIsWritten(String written, String canonical) {
        assertThat(ImageReference.parse(written).canonical()).isEqualTo(canonical);
    }

    @Test
    void digestIsKeptWithTheTagThatAnEngineDoesNotLookAt() {
        assertThat(ImageReference.parse("debian@" + D).canonical())
                .isEqualTo("docker.io/library/debian@" + D);
        ImageReference both = ImageReference.parse("registry.example.com:443/team/app:1@" + D);
        assertThat(both.canonical()).isEqualTo("registry.example.com/team/app:1@" + D);
        assertThat(both.forEngine()).isEqualTo("registry.example.com:443/team/app@" + D);
        assertThat(ImageReference.parse("debian@sha512:" + "0".repeat(128)).digest()).isNotNull();
        assertThat(ImageReference.parse("debian@sha384:" + "0".repeat(96)).digest()).isNotNull();
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(
            delimiter = '|',
            value = {
                "''|is empty",
                "'a b'|U+0020",
                "'debian '|U+0020",
                "' debian'|U+0020",
                "'debian\t'|U+0009",
                "$CI_REGISTRY_IMAGE/app|holds $CI_REGISTRY_IMAGE",
                "registry.example.com/${APP}:1|holds ${APP}",
                "registry.example.com/${APP|holds ${APP",
                "debian:$|holds $",
                "https://registry.example.com/app|begins with a scheme",
                "docker://debian|begins with a scheme",
                "HTTP://registry.example.com/app|begins with a scheme",
                "user@registry.example.com/app|behind the @",
                "user:password@registry.example.com/app|behind the @",
                "allowed.example@evil.example/app|behind the @",
                "allowed.example/app@evil.example/app|behind the @",
                "allowed.example/app:1@evil.example/app:2|behind the @",
                "allowed.example#@evil.example/app|behind the @",
                "allowed.example%2fapp|in its path",
                "allowed.example%40evil.example/app|where the registry's host belongs",
                "registry.example.com/te%61m/app|in its path",
                "registry.example.com./app|where the registry's host belongs",
                ".registry.example.com/app|where the registry's host belongs",
                "registry..example.com/app|where the registry's host belongs",
                "-registry.example.com/app|where the registry's host belongs",
                "registry-.example.com/app|where the registry's host belongs",
                "reg_istry.example.com/app|where the registry's host belongs",
                "registry.example.com:/app|where the registry's host belongs",
                "registry.example.com:port/app|where the registry's host belongs",
                "registry.example.com:-1/app|where the registry's host belongs",
                "registry.example.com:0/app|port 0",
                "registry.example.com:65536/app|port 65536",
                "registry.example.com:99999999999999/app|port 99999999999999",
                "registry.example.com:5000:5000/app|where the registry's host belongs",
                "[::1/app|where the registry's host belongs",
                "[::1%25eth0]:5000/app|where the registry's host belongs",
                "[1:2:3]:5000/app|no address",
                "[::g]/app|where the registry's host belongs",
                "/app|empty part",
                "app/|empty part",
                "a//b|empty part",
                "registry.example.com/|empty part",
                "registry.example.com//app|empty part",
                ":1|empty part",
                "registry.example.com/:1|empty part",
                "app:|no tag behind it",
                "registry.example.com/app:|no tag behind it",
                "app:1:2|the tag \"1:2\"",
                "app:-1|the tag \"-1\"",
                "app:.1|the tag \".1\"",
                "a/../b|\"..\" in its path",
                "./app|where the registry's host belongs",
                "../app|where the registry's host belongs",
                "registry.example.com/../app|\"..\" in its path",
                "registry.example.com/./app|\".\" in its path",
                "a..b|in its path",
                "a___b|in its path",
                "_a|in its path",
                "a-|in its path",
                "team\\app|in its path",
                "Debian|capital letters",
                "registry.example.com/Team/app|capital letters",
                "Team/app|engines read in different ways",
                "TEAM/app:1|engines read in different ways",
                "app@|behind the @",
                "app@sha256|behind the @",
                "app@sha256:|a digest of sha256 that is none",
                "app@sha256:0123|a digest of sha256 that is none",
                "app@md5:0123456789abcdef0123456789abcdef|behind the @",
                "app@latest|behind the @",
                "debi\u0430n|U+0430",
                "registry.ex\u0430mple.com/app|U+0430",
                "b\u00fccher.example/app|U+00FC",
                "registry.example.com\uff0fapp|U+FF0F",
                "registry\u3002example.com/app|U+3002",
                "registry.example.com/app\u200b|U+200B",
                "debian\u202e:1|U+202E",
            })
    void whatIsNoNameIsRefusedWithTheCause(String written, String cause) {
        assertThatThrownBy(() -> ImageReference.parse(written))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(cause)
                .hasMessageContaining(": ");
    }

    private static List<String> numbers() {
        String hex = "0123456789abcdef".repeat(4);
        return List.of(hex, "sha256:" + hex, hex + ":1", hex + "@" + D);
    }

    @ParameterizedTest
    @MethodSource("numbers")
    void numberOfAnImageOnAnEngineIsNoName(String written) {
        if (written.endsWith(":1")) {
            assertThat(ImageReference.parse("registry.example.com/" + written)).isNotNull();
        }
        assertThatThrownBy(() -> ImageReference.parse(written.replaceFirst(":1$", "")))
                .hasMessageContaining("the number of an image on an engine");
    }

    @Test
    void digestInCapitalsOrOfAnotherLengthIsRefused() {
        for (String digest :
                List.of(
                        D.replace("abcdef", "ABCDEF"),
                        D + "0",
                        D.substring(0, D.length() - 1),
                        D.replace("sha256", "sha512"))) {
            assertThatThrownBy(() -> ImageReference.parse("app@" + digest))
                    .hasMessageContaining("that is none");
        }
    }

    @Test
    void lengthsAreThoseOfTheStrictestEngine() {
        String path = "a".repeat(255 - "docker.io/library/".length());
        assertThat(ImageReference.parse(path + ":" + "t".repeat(128)).path()).endsWith(path);
        for (String tooLong :
                List.of(path + "a", "a:" + "t".repeat(129), "a".repeat(100_000), "/".repeat(600))) {
            assertThatThrownBy(() -> ImageReference.parse(tooLong))
                    .isInstanceOf(IllegalArgumentException.class);
        }
    }

    @Test
    void readingWhatWasReadChangesNothing() {
        for (String written :
                List.of("debian", "a.b:443/c:1", "[::1]:5000/app", "localhost/x@" + D)) {
            ImageReference once = ImageReference.parse(written);
            assertThat(ImageReference.parse(once.canonical()).canonical())
                    .isEqualTo(once.canonical());
            assertThat(ImageReference.parse(once.forEngine()).repository())
                    .isEqualTo(once.repository());
        }
    }
}
