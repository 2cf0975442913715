package dev.mayfly.job;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.mayfly.job.RegistryLogin.Origin;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RegistryLoginTest {

    private static RegistryLogin login(String registry, Origin origin) {
        return new RegistryLogin(registry, "user", new SecretValue(new byte[] {1}), origin);
    }

    @ParameterizedTest
    @CsvSource({
        "registry.example.com, registry.example.com/app, true",
        "registry.example.com, registry.example.com/app:1, true",
        "registry.example.com, registry.example.com.evil.org/app, false",
        "registry.example.com, registry.example.com:5000/app, false",
        "registry.example.com:5000, registry.example.com:5000/app@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef, true",
        "Registry.Example.com, registry.example.COM/app, true",
        "https://registry.example.com/v2/, registry.example.com/app, true",
        "registry.example.com:443, registry.example.com/app, true",
        "registry.example.com, registry.example.com:443/app, true",
        "https://registry.example.com:443/, registry.example.com/app, true",
        "registry.example.com., registry.example.com/app, false",
        "registry.example.com/team, registry.example.com/team/app:1, true",
        "registry.example.com/team/, registry.example.com/team/app:1, true",
        "registry.example.com/team/app, registry.example.com/team/app:1, true",
        "registry.example.com/team, registry.example.com/teams/app, false",
        "registry.example.com/Team, registry.example.com/team/app, false",
        "docker.io, alpine, true",
        "docker.io, alpine:3.20, true",
        "docker.io, group/app, true",
        "docker.io/library, alpine, true",
        "docker.io/library, group/app, false",
        "https://index.docker.io/v1/, group/app, true",
        "index.docker.io, docker.io/group/app, true",
        "docker.io, localhost/app, false",
        "localhost, localhost/app, true",
        "group, group/app, false",
    })
    void coversWhatDockerSaysItCovers(String registry, String image, boolean covered) {
        assertThat(login(registry, Origin.HOST).covers(ImageReference.parse(image)))
                .isEqualTo(covered);
    }

    @Test
    void longestPathWinsWhoeverItIsFrom() {
        List<RegistryLogin> logins =
                List.of(
                        login("r.example.com", Origin.VARIABLE),
                        login("r.example.com/team", Origin.SERVER),
                        login("r.example.com/other/longer", Origin.VARIABLE));

        assertThat(RegistryLogin.of(ImageReference.parse("r.example.com/team/app"), logins))
                .contains(logins.get(1));
        assertThat(RegistryLogin.of(ImageReference.parse("r.example.com/app"), logins))
                .contains(logins.get(0));
        assertThat(RegistryLogin.of(ImageReference.parse("elsewhere.example.com/app"), logins))
                .isEmpty();
    }

    @Test
    void ofTheSamePathTheJobsVariableWinsOverTheHostAndTheHostOverTheServer() {
        RegistryLogin server = login("r.example.com", Origin.SERVER);
        RegistryLogin host = login("https://r.example.com", Origin.HOST);
        RegistryLogin variable = login("r.example.com", Origin.VARIABLE);

        assertThat(
                        RegistryLogin.of(
                                ImageReference.parse("r.example.com/app"),
                                List.of(server, host, variable)))
                .contains(variable);
        assertThat(
                        RegistryLogin.of(
                                ImageReference.parse("r.example.com/app"), List.of(server, host)))
                .contains(host);
    }

    @Test
    void passwordIsNotInItsText() {
        assertThat(
                        new RegistryLogin(
                                        "r.example.com",
                                        "user",
                                        new SecretValue("pa55word".getBytes(UTF_8)))
                                .toString())
                .doesNotContain("pa55word");
    }
}
