package dev.mayfly.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ImagePatternTest {

    private static final String D = "sha256:" + "0123456789abcdef".repeat(4);

    @ParameterizedTest(name = "{0} {1}")
    @CsvSource({
        "debian:*, debian:12, true",
        "debian:*, debian, true",
        "debian:*, docker.io/library/debian:12, true",
        "debian:*, index.docker.io/debian:12, true",
        "debian:*, docker.io:443/debian:12, true",
        "debian:*, debian@D, true",
        "debian:*, debian:12@D, true",
        "debian:*, team/debian:12, false",
        "debian:*, debian-evil:12, false",
        "debian:*, evil.example/debian:12, false",
        "debian:*, evil.example/library/debian:12, false",
        "debian, debian, true",
        "debian, debian:latest, true",
        "debian, debian:12, false",
        "debian, debian@D, false",
        "debian:12, debian:12, true",
        "debian:12, debian:12@D, false",
        "debian:12*, debian:12.5, true",
        "debian:12*, debian:12.5@D, false",
        "debian:12*@*, debian:12.5@D, true",
        "debian:12*@*, debian:11@D, false",
        "debian:12*@*, debian:12, false",
        "debian@*, debian@D, true",
        "debian@*, debian:12@D, true",
        "debian@*, debian:12, false",
        "debian@sha256:0123*, debian@D, true",
        "debian@sha256:ffff*, debian@D, false",
        "debian:1?, debian:12, true",
        "debian:1?, debian:1, false",
        "*, debian:12, true",
        "*, docker.io/library/debian, true",
        "*, team/app, false",
        "*, registry.example.com/app, false",
        "*alpine*, python:3-alpine, true",
        "*-slim, debian:12-slim, true",
        "node*3*, node-x:3, true",
        "node*3*, node@D, false",
        "**, registry.example.com/a/b/c:1, true",
        "**, debian@D, true",
        "**/app:*, registry.example.com/a/app:1, true",
        "**/app:*, app:1, true",
        "**/app:*, registry.example.com/a/app2:1, false",
        "*/*, team/app:1, true",
        "*/*, registry.example.com/app:1, true",
        "*/*, registry.example.com/team/app:1, false",
        "*/team/*, registry.example.com/team/app, true",
        "docker.io/*, debian:12, true",
        "docker.io/*, team/app, false",
        "docker.io/**, debian:12, true",
        "docker.io/**, team/app:1, true",
        "docker.io/**, docker.io.evil.example/app, false",
        "index.docker.io/**, team/app:1, true",
        "registry.example.com/team/**, registry.example.com/team/a:1, true",
        "registry.example.com/team/**, registry.example.com/team/a/b@D, true",
        "registry.example.com/team/**, Registry.Example.com:443/team/a, true",
        "registry.example.com/team/**, registry.example.com:5000/team/a, false",
        "registry.example.com/team/**, registry.example.com/teams/a, false",
        "registry.example.com/team/**, registry.example.com.evil.org/team/a, false",
        "registry.example.com/team/**, evil.org/registry.example.com/team/a, false",
        "registry.example.com/**/app:*, registry.example.com/app:1, true",
        "registry.example.com/**/app:*, registry.example.com/a/b/app:1, true",
        "registry.example.com/*, registry.example.com/app:1, true",
        "registry.example.com/*, registry.example.com/app@D, true",
        "registry.example.com/*, registry.example.com/team/app, false",
        "Registry.example.com:443/team/app, registry.example.com/team/app, true",
        "*.example.com/**, registry.example.com/team/app, true",
        "*.example.com/**, example.com/team/app, false",
        "*.example.com/**, registry.example.com:5000/team/app, false",
        "*.example.com:*/**, registry.example.com:5000/team/app, true",
        "registry.example.com:*/**, registry.example.com:5000/team/app, true",
        "localhost:5000/**, localhost:5000/app, true",
        "localhost/*, localhost/app, true",
        "team/*, team/app:2, true",
        "team/*, docker.io/team/app:2, true",
        "team/*, registry.example.com/team/app:2, false",
        "team*/app, team1/app, true",
        "registry.example.com/app:v1.0, registry.example.com/app:v100, false",
    })
    void patternCoversAnImageHoweverItIsWritten(String pattern, String image, boolean covered) {
        assertThat(ImagePattern.parse(pattern).covers(ImageReference.parse(image.replace("D", D))))
                .isEqualTo(covered);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "Debian:*",
                "registry.example.com/Team/**",
                "registry.example.com//**",
                "registry.example.com/",
                "https://registry.example.com/**",
                "registry.example.com./**",
                "debian:",
                "debian:*:*",
                "debian:-*",
                "debian@sha1:*",
                "debian@sha256:xyz*",
                "debian@sha256:0123",
                "a..b*",
                "registry.example.com/../**",
                "*_",
                "?:5000:*/**",
                "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
            })
    void patternThatCoversNothingIsRefused(String pattern) {
        assertThatThrownBy(() -> ImagePattern.parse(pattern))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(": ");
    }

    @Test
    void manyWildcardsAreNoBurden() {
        ImagePattern many = ImagePattern.parse("*a*a*a*a*a*a*a*a*a*a:1");
        assertThat(many.covers(ImageReference.parse("a".repeat(200) + ":2"))).isFalse();
    }
}
