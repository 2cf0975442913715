package dev.mayfly.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.mayfly.config.VaultSettings.Auth;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class VaultBindingTest {

    private static final String SERVER =
            "secrets: {vault: {address: 'https://v:8200', auth: {token_file: t}}}\n";
    private static final String POOL =
            "pools: [{name: only, vault: {token_role: r, allow: [{paths: [a/b]}]}}]\n";

    @TempDir private Path directory;

    private MayflySettings load(String text) throws IOException {
        Path file = Files.writeString(directory.resolve("mayfly.yaml"), text);
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
        return ConfigLoader.load(file, new Environment(Map.of(), Path.of("/root"), true));
    }

    private VaultSettings vault(String text) throws IOException {
        return Objects.requireNonNull(load(text).secrets().vault());
    }

    private List<String> problems(String text) {
        return catchThrowableOfType(ConfigException.class, () -> load(text)).problems().stream()
                .map(problem -> problem.field() + " " + problem.cause())
                .toList();
    }

    @Test
    void withoutAServerThereIsNone() throws IOException {
        assertThat(load("pools: [{name: only}]").secrets().vault()).isNull();
    }

    @Test
    void leastThatIsNeededHasDefaults() throws IOException {
        VaultSettings vault = vault(POOL + SERVER);

        assertThat(vault.server())
                .isEqualTo(
                        new VaultSettings.Server(
                                URI.create("https://v:8200"),
                                List.of(),
                                "",
                                Duration.ofSeconds(10),
                                Duration.ofMinutes(15)));
        assertThat(vault.auth()).isEqualTo(new Auth.TokenFile(directory.resolve("t")));
        assertThat(vault.pools())
                .singleElement()
                .returns(new VaultSettings.Minted("r", List.of()), VaultSettings.Pool::minted)
                .returns(null, VaultSettings.Pool::jwt)
                .returns(
                        List.of(new VaultSettings.Allowed(List.of("a/b"), Map.of(), null)),
                        VaultSettings.Pool::allowed);
    }

    @Test
    void everythingIsRead() throws IOException {
        VaultSettings vault =
                vault(
                        """
                        pools:
                          - name: first
                            vault:
                              token_role: r
                              policies: [p, q]
                              jwt: {role: j, other_roles: [k, l], bound_claims: {project_id: [42, 43], tag: true}}
                              allow:
                                - {paths: [secret/data/shop/*, +/creds/app], when: {ref_protected: true, project_id: [42, '043']}}
                              bindings:
                                - {name: NETRC, ref: 'vault:a/b', template: 'x {{y}}', variable: true, when: {ref: main}}
                          - name: second
                        secrets:
                          vault:
                            address: https://v.example:8200
                            other_addresses: [https://w.example:8200]
                            namespace: team/ci
                            ca_file: ca.pem
                            client_certificate: /c.pem
                            client_key: /c.key
                            timeout: 3s
                            token_life: 2m
                            name: second-host
                            auth: {app_role: {role_id: i-d, secret_id_file: s, wrapped_role: w, mount: team/ar}}
                        """);

        assertThat(vault.server())
                .isEqualTo(
                        new VaultSettings.Server(
                                URI.create("https://v.example:8200"),
                                List.of(URI.create("https://w.example:8200")),
                                "team/ci",
                                Duration.ofSeconds(3),
                                Duration.ofMinutes(2)));
        assertThat(vault.tls())
                .isEqualTo(
                        new VaultSettings.Tls(
                                directory.resolve("ca.pem"), Path.of("/c.pem"), Path.of("/c.key")));
        assertThat(vault.auth())
                .isEqualTo(new Auth.AppRole("team/ar", "i-d", directory.resolve("s"), "w"));
        VaultSettings.Pool pool = vault.pools().getFirst();
        assertThat(vault.pools()).hasSize(1);
        assertThat(pool.minted()).isEqualTo(new VaultSettings.Minted("r", List.of("p", "q")));
        assertThat(pool.jwt())
                .isEqualTo(
                        new VaultSettings.Jwt(
                                "jwt",
                                "j",
                                List.of("k", "l"),
                                Map.of("project_id", List.of("42", "43"), "tag", List.of("true")),
                                "VAULT_ID_TOKEN"));
        assertThat(pool.allowed())
                .containsExactly(
                        new VaultSettings.Allowed(
                                List.of("secret/data/shop/*", "+/creds/app"),
                                Map.of(
                                        "ref_protected",
                                        List.of("true"),
                                        "project_id",
                                        List.of("42", "043")),
                                null));
        assertThat(pool.bindings())
                .containsExactly(
                        new VaultSettings.Binding(
                                "NETRC",
                                "vault:a/b",
                                true,
                                "x {{y}}",
                                Map.of("ref", List.of("main")),
                                null));
    }

    @Test
    void whenCanBeARuleOverVerifiedFactsAndNeedsNoTokenThen() throws IOException {
        VaultSettings.Pool pool =
                vault(
                                """
                                pools:
                                  - name: only
                                    vault:
                                      token_role: r
                                      allow: [{paths: [a/b], when: 'server.project_id == "42" && !server.fork'}]
                                      bindings: [{name: A, ref: 'vault:a/b', when: 'server.ref_protected'}]
                                """
                                        + SERVER)
                        .pools()
                        .getFirst();

        assertThat(pool.allowed().getFirst().when()).isEmpty();
        assertThat(pool.allowed().getFirst().rule())
                .hasToString("server.project_id == \"42\" && !server.fork");
        assertThat(pool.bindings().getFirst().rule()).hasToString("server.ref_protected");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "job.variables.TARGET == \"prod\" | pools[0].vault.allow[0].when is no condition",
                "server.projekt == \"x\"          | pools[0].vault.allow[0].when is no condition: there is no fact server.projekt",
                "server.fork &&                   | pools[0].vault.allow[0].when is no condition",
            })
    void ruleThatIsNoneOrTrustsTheJobIsRefused(String rule, String problem) {
        assertThat(
                        problems(
                                POOL.replace("paths: [a/b]", "paths: [a/b], when: '" + rule + "'")
                                        + SERVER))
                .singleElement()
                .asString()
                .startsWith(problem);
    }

    @Test
    void otherWaysToLogInAreRead() throws IOException {
        String server = "secrets: {vault: {address: 'http://127.0.0.1:8200', %s auth: {%s}}}\n";

        assertThat(vault(POOL + server.formatted("", "jwt: {role: r, file: /f}")).auth())
                .isEqualTo(new Auth.Jwt("jwt", "r", Path.of("/f")));
        assertThat(
                        vault(
                                        POOL
                                                + server.formatted(
                                                        "client_certificate: /c, client_key: /k,",
                                                        "certificate: {role: r}"))
                                .auth())
                .isEqualTo(new Auth.Certificate("cert", "r", Path.of("/c")));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "auth: {}                                        | secrets.vault.auth names no way to log in",
                "auth: {token_file: t, certificate: {role: r}}   | secrets.vault.auth names certificate and token_file",
                "auth: {certificate: {role: r}}                  | secrets.vault.auth.certificate needs the client certificate that it logs in with",
                "auth: {token_file: t}, client_key: k            | secrets.vault.client_key needs client_certificate beside it",
            })
    void waysToLogInThatDoNotFitAreSaid(String keys, String problem) {
        assertThat(problems(POOL + "secrets: {vault: {address: 'https://v:1', " + keys + "}}"))
                .contains(problem);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "allow: [{paths: [a]}]                          | pools[0].vault says of nobody as whom its jobs ask",
                "jwt: {role: j}, policies: [p], allow: [{paths: [a]}] | pools[0].vault.policies are those of a token role",
                "token_role: r, allow: [{paths: [a], when: {ref: main}}] | pools[0].vault.allow[0].when is about claims of an identity token, and this pool exchanges none",
                "token_role: r, allow: [{paths: [a]}], bindings: [{name: A, ref: 'vault:x'}, {name: A, ref: 'vault:y'}] | pools[0].vault.bindings[1].name is the name of bindings[0] already",
            })
    void poolsThatDoNotFitAreSaid(String keys, String problem) {
        assertThat(problems("pools: [{name: only, vault: {" + keys + "}}]\n" + SERVER))
                .containsExactly(problem);
    }

    @Test
    void poolsShareOfNoServerIsSaid() {
        assertThat(problems(POOL))
                .containsExactly("pools[0].vault there is no server that it could be about");
    }

    @ParameterizedTest
    @CsvSource({
        "http://vault.example:8200",
        "https://vault.example:8200/v1",
        "ftp://vault.example",
        "https://user@vault.example"
    })
    void addressThatIsNoneOrWithoutTlsIsRefused(String address) {
        assertThat(problems(POOL + SERVER.replace("https://v:8200", address)))
                .singleElement()
                .asString()
                .startsWith("secrets.vault.address is ");
    }
}
