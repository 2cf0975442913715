package dev.mayfly.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.mayfly.execution.PoolTerms;
import dev.mayfly.job.AllowedImages;
import dev.mayfly.job.ImageSpec;
import dev.mayfly.job.NetworkAccess;
import dev.mayfly.job.PoolName;
import dev.mayfly.job.PullPolicy;
import dev.mayfly.job.RegistryLogins;
import dev.mayfly.job.SecretValue;
import dev.mayfly.logs.Masking;
import dev.mayfly.logs.TokenShape;
import dev.mayfly.logs.TokenShapes;
import dev.mayfly.logs.Variant;
import dev.mayfly.policy.PoolRules;
import dev.mayfly.sandbox.DiskLimits;
import dev.mayfly.sandbox.Hardening;
import dev.mayfly.sandbox.SandboxLimits;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ConfigLoaderTest {

    private static final String POOL = "pools: [{name: only}]\n";
    private static final String CANARY = "canary-5d1c0f7be2a94f36";
    private static final Environment ROOT = environment(Map.of());

    @TempDir private Path directory;

    @Test
    void defaultConfigurationIsTheDocumentedOne() {
        MayflySettings settings = ConfigLoader.load(Repository.CONFIGURATION, ROOT);

        assertThat(settings.daemon())
                .isEqualTo(
                        new DaemonSettings(
                                Path.of("/var/lib/mayfly"),
                                Duration.ofMinutes(10),
                                64 << 20,
                                new LogSettings(LogSettings.Format.TEXT, LogSettings.Level.INFO)));
        assertThat(settings.engine())
                .isEqualTo(
                        new EngineSettings(
                                URI.create("unix:///var/run/docker.sock"),
                                null,
                                null,
                                Duration.ofSeconds(30),
                                Duration.ofMinutes(10),
                                1 << 30,
                                false));
        assertThat(settings.api())
                .isEqualTo(
                        new ApiSettings(
                                new ApiSettings.Listen.Tcp("127.0.0.1", 9477),
                                null,
                                Path.of("/var/lib/mayfly/api.token")));
        assertThat(settings.local())
                .isEqualTo(
                        new LocalSourceSettings(
                                List.of(new PoolName("trusted"), new PoolName("untrusted")),
                                new PoolName("untrusted"),
                                1000,
                                Duration.ofDays(7)));
        assertThat(settings.secrets())
                .isEqualTo(
                        new SecretsSettings(
                                Path.of("/var/lib/mayfly/secrets.enc"),
                                Path.of("/var/lib/mayfly/secrets.key"),
                                null));
        assertThat(settings.pools())
                .extracting(pool -> pool.terms().pool().value(), PoolSettings::slots)
                .containsExactly(
                        org.assertj.core.groups.Tuple.tuple("trusted", 2),
                        org.assertj.core.groups.Tuple.tuple("untrusted", 2));
    }

    @Test
    void leastTrustedPoolOfTheDefaultIsTheTightOne() {
        PoolTerms untrusted = ConfigLoader.loadBuiltIn(ROOT).pools().getLast().terms();

        assertThat(untrusted.network()).isEqualTo(NetworkAccess.NONE);
        assertThat(untrusted.hardening())
                .isEqualTo(new Hardening(true, Hardening.User.NON_ROOT, ""));
    }

    @Test
    void builtInConfigurationIsTheOneInTheRepository() throws IOException {
        assertThat(ConfigLoader.builtInText())
                .isEqualTo(Files.readString(Repository.CONFIGURATION));
        assertThat(ConfigLoader.loadBuiltIn(ROOT))
                .isEqualTo(ConfigLoader.load(Repository.CONFIGURATION, ROOT));
    }

    @Test
    void poolWithoutSettingsIsSafe() {
        PoolSettings pool = load(POOL).pools().getFirst();

        assertThat(pool)
                .isEqualTo(
                        new PoolSettings(
                                new PoolTerms(
                                        new PoolName("only"),
                                        new ImageSpec(
                                                "mayfly/agent:0.1.0",
                                                List.of(),
                                                null,
                                                List.of(PullPolicy.IF_NOT_PRESENT)),
                                        NetworkAccess.NONE,
                                        Duration.ofHours(1),
                                        new SandboxLimits(
                                                2L << 30,
                                                1.0,
                                                512,
                                                4096,
                                                256L << 20,
                                                new DiskLimits(10L << 30, 1_000_000)),
                                        new Hardening(true, Hardening.User.NON_ROOT, ""),
                                        64L << 20,
                                        new Masking(
                                                6,
                                                EnumSet.allOf(Variant.class),
                                                false,
                                                TokenShapes.of(TokenRules.builtIn())),
                                        List.of(),
                                        RegistryLogins.NONE),
                                1,
                                new PoolRules(
                                        PoolRules.Forks.ALLOW,
                                        false,
                                        List.of(),
                                        List.of(),
                                        List.of()),
                                false,
                                AllowedImages.ALL,
                                load(POOL).engine()));
    }

    @Test
    void runnersThatCannotBeAreProblems() {
        List<Problem> problems =
                problems(
                        """
                        pools:
                          - {name: high, protected: true}
                          - {name: low}
                        sources:
                          gitlab:
                            - {name: a, url: "https://gitlab.example.com", pool: high}
                            - {name: a, url: "https://gitlab.example.com", pool: lw}
                            - {name: local, url: "https://user@gitlab.example.com", pool: low}
                            - {name: b, url: "https://b.example", pool: low, client_key: k.pem}
                        """);

        assertThat(problems)
                .extracting(Problem::field)
                .containsExactlyInAnyOrder(
                        "sources.gitlab[0].pool",
                        "sources.gitlab[1].name",
                        "sources.gitlab[1].pool",
                        "sources.gitlab[2].name",
                        "sources.gitlab[2].url",
                        "sources.gitlab[3].client_key");
    }

    @Test
    void poolSaysHowItsSecretsAreMasked() {
        Masking masking =
                load("""
                pools:
                  - name: only
                    masking: {shortest: 4, off: [hex, utf16], names: true, token_shapes: false}
                """)
                        .pools()
                        .getFirst()
                        .terms()
                        .masking();

        assertThat(masking)
                .isEqualTo(
                        new Masking(
                                4,
                                EnumSet.complementOf(EnumSet.of(Variant.HEX, Variant.UTF16)),
                                true,
                                TokenShapes.none()));
    }

    @Test
    void everyFormButTheExactOneCanBeSwitchedOff() {
        String all =
                EnumSet.complementOf(EnumSet.of(Variant.EXACT)).stream()
                        .map(variant -> variant.name().toLowerCase(Locale.ROOT))
                        .collect(Collectors.joining(", "));

        assertThat(
                        load("pools: [{name: only, masking: {off: [" + all + "]}}]")
                                .pools()
                                .getFirst()
                                .terms()
                                .masking()
                                .variants())
                .containsExactly(Variant.EXACT);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "allowed_pull_policies: [always, if-not-present, never]|[]",
                "allowed_pull_policies: [if-not-present, always]|[]",
                "allowed_pull_policies: [never, always]|[ALWAYS]",
                "allowed_pull_policies: [never, if-not-present]|[IF_NOT_PRESENT]",
                "allowed_pull_policies: [never]|[NEVER]",
                "pull_policy: [always, if-not-present]|[ALWAYS, IF_NOT_PRESENT]",
                "pull_policy: [never], allowed_pull_policies: [never]|[NEVER]"
            })
    void poolPullsAsItSaysAndNeverOtherwiseThanItAllows(String lines, String policies) {
        assertThat(load("pools: [{name: only, " + lines + "}]").pools().getFirst().terms().pull())
                .hasToString(policies);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "pull_policy: [always]|ALWAYS",
                "pull_policy: [always], allowed_pull_policies: [always, never]|ALWAYS,NEVER",
                "slots: 1|ALWAYS,IF_NOT_PRESENT,NEVER"
            })
    void jobsMayPullAsTheirPoolDoesWhereNothingElseIsSaid(String lines, String policies) {
        assertThat(
                        load("pools: [{name: only, " + lines + "}]")
                                .pools()
                                .getFirst()
                                .allowed()
                                .policies())
                .extracting(PullPolicy::name)
                .containsExactlyInAnyOrder(policies.split(",", -1));
    }

    @Test
    void pullPolicyThatThePoolItselfDoesNotAllowIsAProblem() {
        assertThat(
                        problems(
                                "pools: [{name: only, pull_policy: [always, never], allowed_pull_policies: [if-not-present, never]}]"))
                .singleElement()
                .satisfies(problem -> assertThat(problem.field()).isEqualTo("pools[0].pull_policy"))
                .asString()
                .contains("always", "allowed_pull_policies", "if-not-present, never");
    }

    @Test
    void imageOfAPoolIsPulledAsThePoolSaysUnlessItIsTheAgents() {
        assertThat(load("pools: [{name: a, image: debian}]").pools().getFirst().terms().image())
                .isEqualTo(new ImageSpec("debian", List.of()));
        assertThat(
                        load("pools: [{name: a, pull_policy: [always]}]")
                                .pools()
                                .getFirst()
                                .terms()
                                .image()
                                .pull())
                .containsExactly(PullPolicy.IF_NOT_PRESENT);
    }

    @ParameterizedTest
    @ValueSource(strings = {"off: [exact]", "off: [hexx]", "shortest: 3", "shortest: 7"})
    void maskingThatCannotBeIsAProblem(String setting) {
        assertThat(problems("pools: [{name: only, masking: {" + setting + "}}]"))
                .singleElement()
                .extracting(Problem::field)
                .asString()
                .startsWith("pools[0].masking." + setting.substring(0, setting.indexOf(':')));
    }

    @Test
    void sourceWithoutSettingsFeedsTheLeastTrustedPoolOnly() {
        LocalSourceSettings local = load("pools: [{name: high}, {name: low}]").local();

        assertThat(local.feeds()).containsExactly(new PoolName("low"));
        assertThat(local.defaultPool()).isEqualTo(new PoolName("low"));
    }

    @Test
    void defaultPoolIsTheLeastTrustedOneThatIsFed() {
        LocalSourceSettings local =
                load("""
                pools: [{name: high}, {name: middle}, {name: low}]
                sources: {local: {feeds: [middle, high]}}
                """)
                        .local();

        assertThat(local.defaultPool()).isEqualTo(new PoolName("middle"));
    }

    @Test
    void sectionWithEveryKeyCommentedOutCountsAsAbsent() {
        assertThat(load(POOL + "api:\n  # listen: x\ndaemon:\n  log:\n")).isEqualTo(load(POOL));
    }

    @Test
    void engineOfTheEnvironmentIsUsedUnlessTheFileNamesOne() {
        Environment environment = environment(Map.of("DOCKER_HOST", "tcp://10.0.0.1:2376"));

        assertThat(load(POOL + "engine: {allow_plain_tcp: true}", environment).engine().host())
                .isEqualTo(URI.create("tcp://10.0.0.1:2376"));
        assertThat(load(POOL + "engine: {host: 'unix:///a.sock'}", environment).engine().host())
                .isEqualTo(URI.create("unix:///a.sock"));
    }

    @Test
    void engineOverTcpNeedsTlsOrItsOwnPermission() {
        String host = "engine: {host: 'tcp://10.0.0.1:2376'";
        assertThat(problems(POOL + host + "}"))
                .singleElement()
                .returns("engine.host", Problem::field)
                .extracting(Problem::cure)
                .asString()
                .contains("cert_dir", "allow_plain_tcp");
        assertThat(load(POOL + host + ", cert_dir: /etc/mayfly/engine}").engine().certificates())
                .isEqualTo(Path.of("/etc/mayfly/engine"));
        assertThat(
                        load(
                                        POOL + host + "}",
                                        environment(
                                                Map.of(
                                                        "DOCKER_TLS_VERIFY",
                                                        "1",
                                                        "DOCKER_CERT_PATH",
                                                        "/home/someone/.docker")))
                                .engine()
                                .certificates())
                .isEqualTo(Path.of("/home/someone/.docker"));
        assertThat(load(POOL + host + ", allow_plain_tcp: true}").engine().certificates()).isNull();
    }

    @Test
    void serverOfAnotherHostNeedsTlsOrItsOwnPermission() {
        String runner = "sources: {gitlab: [{name: shop, pool: only, url: \"%s\"%s}]}\n";
        assertThat(problems(POOL + runner.formatted("http://gitlab.example.com", "")))
                .singleElement()
                .returns("sources.gitlab[0].url", Problem::field)
                .extracting(Problem::cure)
                .asString()
                .contains("https://", "allow_plain_http");
        assertThat(
                        problems(
                                POOL
                                        + runner.formatted(
                                                "https://gitlab.example.com",
                                                ", id_token: {audience: a, keys: 'http://a.example/k'}")))
                .singleElement()
                .returns("sources.gitlab[0].id_token.keys", Problem::field);
        for (String allowed :
                List.of(
                        runner.formatted("http://gitlab.example.com", ", allow_plain_http: true"),
                        runner.formatted("http://127.0.0.1:8080", ""),
                        runner.formatted("http://localhost/gitlab", ""),
                        runner.formatted("http://[::1]:8080", ""))) {
            assertThat(load(POOL + allowed).gitlab()).hasSize(1);
        }
        assertThat(problems(POOL + runner.formatted("http://127.0.0.1.example.com", "")))
                .hasSize(1);
    }

    @Test
    void environmentsOfAPoolNeedVerifiedTokens() {
        String pools =
                """
                pools: [{name: only, policy: {environments: [production]}}]
                sources: {gitlab: [{name: shop, pool: only, url: 'https://a.example'%s}]}
                """;
        assertThat(problems(pools.formatted("")))
                .singleElement()
                .returns("pools[0].policy.environments", Problem::field);
        GitLabSettings.IdToken token =
                load(pools.formatted(", id_token: {audience: mayfly}"))
                        .gitlab()
                        .getFirst()
                        .identity();
        assertThat(token)
                .isEqualTo(
                        new GitLabSettings.IdToken(
                                "MAYFLY_ID_TOKEN",
                                "https://a.example",
                                "mayfly",
                                URI.create("https://a.example/oauth/discovery/keys"),
                                false));
    }

    @Test
    void unusableEngineOfTheEnvironmentIsNamed() {
        assertThat(problems(POOL, environment(Map.of("DOCKER_HOST", "npipe:////./pipe/docker"))))
                .singleElement()
                .returns("engine.host", Problem::field)
                .extracting(Problem::cause)
                .isEqualTo("comes from $DOCKER_HOST, which is \"npipe:////./pipe/docker\"");
    }

    @Test
    void ordinaryUserKeepsStateInTheHomeDirectory() {
        Path home = Path.of("/home/someone");

        assertThat(load(POOL, new Environment(Map.of(), home, false)).daemon().stateDirectory())
                .isEqualTo(Path.of("/home/someone/.local/state/mayfly"));
        assertThat(
                        load(POOL, new Environment(Map.of("XDG_STATE_HOME", "/s"), home, false))
                                .daemon()
                                .stateDirectory())
                .isEqualTo(Path.of("/s/mayfly"));
    }

    @Test
    void relativePathsStartAtTheFile() {
        MayflySettings settings =
                load(POOL + "daemon: {state_dir: state}\nsecrets: {file: {path: ../s.enc}}");

        assertThat(settings.daemon().stateDirectory()).isEqualTo(directory.resolve("state"));
        assertThat(settings.secrets().file()).isEqualTo(directory.resolve("../s.enc").normalize());
        assertThat(settings.api().tokenFile()).isEqualTo(directory.resolve("state/api.token"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"unix:/run/m.sock", "[::1]:0", "localhost:65535", "runner-1.example.com:80"})
    void usableAddressesAreAccepted(String address) {
        assertThat(load(POOL + "api: {listen: '" + address + "'}").api().listen())
                .isEqualTo(
                        switch (address) {
                            case "unix:/run/m.sock" ->
                                    new ApiSettings.Listen.UnixSocket(Path.of("/run/m.sock"));
                            case "[::1]:0" -> new ApiSettings.Listen.Tcp("::1", 0);
                            case "localhost:65535" ->
                                    new ApiSettings.Listen.Tcp("localhost", 65535);
                            default -> new ApiSettings.Listen.Tcp("runner-1.example.com", 80);
                        });
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"9477", ":9477", "localhost", "127.0.0.1:65536", "unix:relative", "::1:80"})
    void unusableAddressesAreProblems(String address) {
        assertThat(problems(POOL + "api: {listen: '" + address + "'}"))
                .singleElement()
                .returns("api.listen", Problem::field);
    }

    @Test
    void tokenRulesOfAFileAreAddedToTheProgramsOwn() throws IOException {
        Files.writeString(
                directory.resolve("rules.yaml"),
                "rules: [{name: acme, prefixes: [acme_], then: [{bytes: a-z0-9, least: 8}]}]");
        assertThat(
                        load("pools: [{name: only, masking: {token_rules: rules.yaml}}]")
                                .pools()
                                .getFirst()
                                .terms()
                                .masking()
                                .tokens()
                                .shapes())
                .hasSize(TokenRules.builtIn().size() + 1)
                .extracting(TokenShape::name)
                .contains("acme", "gitlab");
    }

    @Test
    void everyMistakeInTokenRulesIsAProblemOfThePool() throws IOException {
        Files.writeString(
                directory.resolve("rules.yaml"),
                "rules: [{name: gitlab, prefixes: [acme_], then: [{bytes: a-z, least: 8}]}, {nam: x}]");
        assertThat(problems("pools: [{name: only, masking: {token_rules: rules.yaml}}]"))
                .hasSizeGreaterThan(1)
                .allSatisfy(problem -> {
                    assertThat(problem.field()).isEqualTo("pools[0].masking.token_rules");
                    assertThat(problem.cause())
                            .contains("rules.yaml:1:", ": rules[")
                            .doesNotContain("cure", "u000a");
                })
                .anySatisfy(problem -> assertThat(problem.cure()).isEqualTo("choose another one"));
    }

    @Test
    void tokenRulesWithoutTokenShapesOrWithoutAFileAreAProblem() {
        assertThat(
                        problems(
                                "pools: [{name: only,"
                                        + " masking: {token_rules: none.yaml, token_shapes: false}}]"))
                .singleElement()
                .returns("pools[0].masking.token_rules", Problem::field);
        assertThat(problems("pools: [{name: only, masking: {token_rules: none.yaml}}]"))
                .singleElement()
                .satisfies(problem -> assertThat(problem.cause()).contains("none.yaml"));
    }

    @Test
    void seccompProfileIsReadIntoTheSettings() throws IOException {
        Files.writeString(
                directory.resolve("seccomp.json"), "{\"defaultAction\":\"SCMP_ACT_ERRNO\"}");

        assertThat(
                        load("pools: [{name: only, seccomp_profile: seccomp.json}]")
                                .pools()
                                .getFirst()
                                .terms()
                                .hardening()
                                .seccompProfile())
                .isEqualTo("{\"defaultAction\":\"SCMP_ACT_ERRNO\"}");
    }

    @ParameterizedTest
    @ValueSource(strings = {"not json", "{}", "[]", ""})
    void seccompProfileThatIsNoneIsAProblem(String content) throws IOException {
        Files.writeString(directory.resolve("seccomp.json"), content);

        assertThat(problems("pools: [{name: only, seccomp_profile: seccomp.json}]"))
                .singleElement()
                .returns("pools[0].seccomp_profile", Problem::field);
    }

    @Test
    void referencesAreReplacedInsideText() throws IOException {
        Files.writeString(directory.resolve("part"), "lib\n");
        Environment environment =
                environment(Map.of("WHERE", "/var", "CREDENTIALS_DIRECTORY", directory.toString()));

        assertThat(
                        load(
                                        POOL
                                                + "daemon: {state_dir: '${env:WHERE}/${file:part}/$${x}/${credential:part}'}",
                                        environment)
                                .daemon()
                                .stateDirectory())
                .isEqualTo(Path.of("/var/lib/${x}/lib"));
    }

    @Test
    void referenceMayStandForANumber() {
        assertThat(
                        load(
                                        "pools: [{name: only, slots: '${env:SLOTS}'}]",
                                        environment(Map.of("SLOTS", "7")))
                                .pools()
                                .getFirst()
                                .slots())
                .isEqualTo(7);
    }

    @Test
    void valueOfAReferenceIsNotReplacedAgain() {
        assertThat(
                        load(
                                        POOL + "daemon: {state_dir: '/${env:A}'}",
                                        environment(Map.of("A", "${env:B}", "B", "b")))
                                .daemon()
                                .stateDirectory())
                .isEqualTo(Path.of("/${env:B}"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "${env:UNSET}",
                "${file:none}",
                "${credential:none}",
                "${credential:../none}",
                "${vault:x}",
                "${env:}",
                "${}",
                "${env:X"
            })
    void unresolvedReferenceIsOneProblemAtItsLine(String reference) {
        assertThat(problems(POOL + "daemon:\n  state_dir: '" + reference + "'\n"))
                .singleElement()
                .returns(3, Problem::line)
                .returns("daemon.state_dir", Problem::field);
    }

    @Test
    void secretInAFileOfItsOwnerIsAccepted() throws IOException {
        SecretValue token =
                Objects.requireNonNull(
                        load(write(POOL + "api: {token: " + CANARY + "}", "rw-------"), ROOT)
                                .api()
                                .token());

        assertThat(new String(token.reveal(), StandardCharsets.UTF_8)).isEqualTo(CANARY);
    }

    @ParameterizedTest
    @ValueSource(strings = {"rw-r-----", "rw----r--", "rw-r--r--"})
    void secretInAFileThatOthersCanReadNamesLineAndCure(String mode) throws IOException {
        Path file = write(POOL + "api:\n  token: " + CANARY + "\n", mode);

        ConfigException refused =
                catchThrowableOfType(ConfigException.class, () -> load(file, ROOT));

        assertThat(refused.problems()).singleElement().returns(3, Problem::line);
        assertThat(refused)
                .hasMessageContaining("chmod 0600 " + file)
                .hasMessageContaining("${file:PATH}")
                .hasMessageNotContaining(CANARY);
    }

    @Test
    void secretByReferenceMayStandInAFileThatOthersCanRead() throws IOException {
        secretFile("rw-r-----", CANARY + "\n");

        SecretValue token =
                Objects.requireNonNull(load(POOL + "api: {token: '${file:token}'}").api().token());

        assertThat(new String(token.reveal(), StandardCharsets.UTF_8)).isEqualTo(CANARY);
    }

    @Test
    void secretOfDigitsStaysText() {
        assertThat(
                        load(
                                        POOL
                                                + "api: {token: ${env:TOKEN}}"
                                                        .replace("${env:TOKEN}", "'${env:TOKEN}'"),
                                        environment(Map.of("TOKEN", "1234567890123456")))
                                .api()
                                .token())
                .isNotNull();
    }

    @Test
    void referencedFileThatEverybodyCanReadIsAProblem() throws IOException {
        secretFile("rw-r--r--", CANARY);

        assertThat(problems(POOL + "api:\n  token: ${file:token}\n"))
                .singleElement()
                .returns(3, Problem::line)
                .returns("chmod 0600 " + directory.resolve("token"), Problem::cure);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "api: {token: canary-5d1c0f7be2a94f36 canary-5d1c0f7be2a94f36}",
                "api: {token: [canary-5d1c0f7be2a94f36]}",
                "api: {token: {value: canary-5d1c0f7be2a94f36}}",
                "api: canary-5d1c0f7be2a94f36",
                "api: {tokn: canary-5d1c0f7be2a94f36}",
                "api: {token: &a canary-5d1c0f7be2a94f36, listen: 5}",
                "api: {token: *canary-5d1c0f7be2a94f36}",
                "api: {token: !canary-5d1c0f7be2a94f36 x}",
                "api: {token: '${canary-5d1c0f7be2a94f36}'}",
                "api: {listen: '${env:CANARY}'}",
                "daemon: {log: {level: '${env:CANARY}'}}",
                "engine: {host: '${env:CANARY}', call_timeout: '${env:CANARY}'}"
            })
    void noProblemShowsASecret(String section) throws IOException {
        Path file = write(POOL + section, "rw-------");

        assertThatThrownBy(() -> load(file, environment(Map.of("CANARY", CANARY))))
                .isInstanceOf(ConfigException.class)
                .hasMessageNotContaining(CANARY);
    }

    @Test
    void settingsAndEnvironmentPrintNoSecret() throws IOException {
        Environment environment = environment(Map.of("CANARY", CANARY));
        Path file = write(POOL + "api: {token: '${env:CANARY}'}", "rw-r--r--");

        assertThat(load(file, environment).toString()).doesNotContain(CANARY);
        assertThat(environment.toString()).doesNotContain(CANARY);
    }

    @Test
    void keyOfSecretsMayBeACredential() {
        Environment environment =
                environment(Map.of("CREDENTIALS_DIRECTORY", "/run/credentials/m"));

        assertThat(
                        load(POOL + "secrets: {file: {key: 'credential:k'}}", environment)
                                .secrets()
                                .keyFile())
                .isEqualTo(Path.of("/run/credentials/m/k"));
        assertThat(problems(POOL + "secrets: {file: {key: 'credential:k'}}"))
                .singleElement()
                .returns("secrets.file.key", Problem::field);
    }

    @Test
    void missingPoolsAreAProblem() {
        assertThat(problems("daemon: {}\n"))
                .singleElement()
                .returns("pools", Problem::field)
                .returns("is missing", Problem::cause);
    }

    @ParameterizedTest
    @ValueSource(strings = {"- a\n", "just text\n", "5\n"})
    void documentThatIsNoMappingIsAProblem(String text) {
        assertThat(problems(text)).isNotEmpty().allMatch(problem -> problem.line() == 1);
    }

    @Test
    void givenFileComesFirstThenTheVariableThenTheUsersFile() throws IOException {
        Path given = Files.createFile(directory.resolve("given.yaml"));
        Path named = Files.createFile(directory.resolve("named.yaml"));
        Path personal = Files.createDirectories(directory.resolve(".config/mayfly"));
        Files.createFile(personal.resolve("mayfly.yaml"));
        Environment all =
                new Environment(Map.of("MAYFLY_CONFIG", named.toString()), directory, true);
        Environment homeOnly = new Environment(Map.of(), directory, true);

        assertThat(ConfigLoader.locate(given, all)).contains(given);
        assertThat(ConfigLoader.locate(null, all)).contains(named);
        assertThat(ConfigLoader.locate(null, homeOnly)).contains(personal.resolve("mayfly.yaml"));
    }

    @Test
    void loginsOfAPoolAreReadAndWhatIsWrongWithThemIsToldWithoutTheirContent() throws IOException {
        Path logins = directory.resolve("logins.json");
        String config = "pools: [{name: only, registry_logins: logins.json}]\n";
        Files.writeString(
                logins, "{\"auths\": {\"r.example.com\": {\"auth\": \"dTpwYXNzd29yZA==\"}}}");
        Files.setPosixFilePermissions(logins, PosixFilePermissions.fromString("rw-------"));
        Path file = Files.writeString(directory.resolve("mayfly.yaml"), config);

        assertThat(ConfigLoader.load(file, ROOT).pools().getFirst().terms().registries().now())
                .extracting(login -> login.registry() + " " + login.user())
                .containsExactly("r.example.com u");

        Files.setPosixFilePermissions(logins, PosixFilePermissions.fromString("rw-r--r--"));
        assertThatThrownBy(() -> ConfigLoader.load(file, ROOT))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("pools[0].registry_logins")
                .hasMessageContaining("chmod 600");
        Files.setPosixFilePermissions(logins, PosixFilePermissions.fromString("rw-------"));
        Files.writeString(logins, "{" + CANARY);
        assertThatThrownBy(() -> ConfigLoader.load(file, ROOT))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("is not JSON, at line 1")
                .hasMessageNotContaining(CANARY);
    }

    @Test
    void namedFileThatDoesNotExistIsAProblem() {
        Path none = directory.resolve("none.yaml");

        assertThatThrownBy(() -> ConfigLoader.locate(none, ROOT))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("--config");
        assertThatThrownBy(() ->
                        ConfigLoader.locate(
                                null, environment(Map.of("MAYFLY_CONFIG", none.toString()))))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("$MAYFLY_CONFIG");
    }

    private void secretFile(String mode, String content) throws IOException {
        Path file = Files.writeString(directory.resolve("token"), content);
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString(mode));
    }

    private Path write(String text, String mode) throws IOException {
        Path file = Files.writeString(directory.resolve("mayfly.yaml"), text);
        return Files.setPosixFilePermissions(file, PosixFilePermissions.fromString(mode));
    }

    private MayflySettings load(String text) {
        return load(text, ROOT);
    }

    private MayflySettings load(String text, Environment environment) {
        try {
            return load(write(text, "rw-r--r--"), environment);
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    private static MayflySettings load(Path file, Environment environment) {
        return ConfigLoader.load(file, environment);
    }

    private List<Problem> problems(String text) {
        return problems(text, ROOT);
    }

    private List<Problem> problems(String text, Environment environment) {
        return catchThrowableOfType(ConfigException.class, () -> load(text, environment))
                .problems();
    }

    private static Environment environment(Map<String, String> variables) {
        return new Environment(variables, Path.of("/root"), true);
    }
}
