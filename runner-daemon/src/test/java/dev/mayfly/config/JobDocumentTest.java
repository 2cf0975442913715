package dev.mayfly.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.mayfly.job.ImageSpec;
import dev.mayfly.job.Inputs;
import dev.mayfly.job.JobEnvironment;
import dev.mayfly.job.JobSpec;
import dev.mayfly.job.NetworkAccess;
import dev.mayfly.job.PoolName;
import dev.mayfly.job.ResourceRequest;
import dev.mayfly.job.SecretRequest;
import dev.mayfly.job.ServiceSpec;
import dev.mayfly.job.Steps;
import dev.mayfly.job.WorkspaceSource;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class JobDocumentTest {

    private static final Path FILE = Path.of("/jobs/nightly.yaml");
    private static final String HASH = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";

    @Test
    void everyKeyArrives() {
        JobSpec spec =
                parse(
                                """
                                name: build
                                pool: trusted
                                image: {name: debian, entrypoint: [env, A=b]}
                                setup: npm ci
                                script: [make, make test]
                                after_script: cat log
                                variables: {LEVEL: debug}
                                secrets:
                                  FILE_ONLY: one
                                  BOTH: {ref: two, variable: true}
                                services:
                                  - {image: "postgres:17", alias: db, command: [postgres, -c, x], variables: {A: b}}
                                timeout: 1h30m
                                network: full
                                resources: {memory: 512MiB, cpus: 0.5, pids: 64, disk: 3GiB}
                                workspace: {git: {url: "https://git.example.com/a.git", commit: %s}}
                                artifacts: {paths: [build/**]}
                                """
                                        .formatted(HASH))
                        .spec();

        assertThat(spec)
                .isEqualTo(
                        new JobSpec(
                                "build",
                                new PoolName("trusted"),
                                new Steps(
                                        List.of("npm ci"),
                                        List.of("make", "make test"),
                                        List.of(),
                                        List.of("cat log"),
                                        new Steps.Limits(Duration.ofMinutes(90), null, null),
                                        false),
                                new JobEnvironment(
                                        new ImageSpec("debian", List.of("env", "A=b")),
                                        List.of(
                                                new ServiceSpec(
                                                        "postgres:17",
                                                        "db",
                                                        List.of("postgres", "-c", "x"),
                                                        Map.of("A", "b"))),
                                        NetworkAccess.FULL,
                                        new ResourceRequest(512L << 20, 0.5, 64, 3L << 30)),
                                new Inputs(
                                        Map.of("LEVEL", "debug"),
                                        List.of(
                                                new SecretRequest("FILE_ONLY", "one", false),
                                                new SecretRequest("BOTH", "two", true)),
                                        new WorkspaceSource.Git(
                                                "https://git.example.com/a.git", HASH)),
                                List.of("build/**")));
    }

    @Test
    void jobWithAScriptOnlyAsksForNothingElse() {
        JobDocument document = parse("script: make\n");

        assertThat(document)
                .isEqualTo(
                        new JobDocument(
                                new JobSpec(
                                        "nightly",
                                        null,
                                        new Steps(List.of("make"), List.of(), null),
                                        new JobEnvironment(
                                                null,
                                                List.of(),
                                                NetworkAccess.NONE,
                                                ResourceRequest.NONE),
                                        new Inputs(
                                                Map.of(), List.of(), new WorkspaceSource.Empty()),
                                        List.of()),
                                new LocalSources.None()));
    }

    @Test
    void jsonIsAcceptedToo() {
        assertThat(parse("{\"name\": \"j\", \"script\": [\"a\\nb\"]}").spec().steps().script())
                .containsExactly("a\nb");
    }

    @ParameterizedTest
    @CsvSource({
        "1.10, 1.10",
        "007, 007",
        "1e3, 1e3",
        "true, true",
        "False, False",
        "yes, yes",
        "'\"\"', ''",
        "'\"a: b\"', a: b",
        "12345678901234567890, 12345678901234567890"
    })
    void variableArrivesAsItWasWritten(String written, String value) {
        assertThat(parse("script: x\nvariables: {V: " + written + "}").spec().inputs().variables())
                .containsExactly(Map.entry("V", value));
    }

    @ParameterizedTest
    @ValueSource(strings = {"V:", "V: [a]", "V: {a: b}", "a-b: x", "'': x", "1A: x", "MAYFLY_X: y"})
    void unusableVariableIsAProblem(String variable) {
        assertThat(problems("script: x\nvariables:\n  " + variable))
                .isNotEmpty()
                .allMatch(problem -> problem.field().startsWith("variables."))
                .allMatch(problem -> problem.line() == 3);
    }

    @Test
    void shellVariablesInAScriptAreLeftAlone() {
        assertThat(parse("script: 'echo ${env:HOME} ${HOME}'").spec().steps().script())
                .containsExactly("echo ${env:HOME} ${HOME}");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "script:",
                "script: []",
                "script: ''",
                "script: [' ']",
                "script: [5]",
                "name: x"
            })
    void jobWithoutAnythingToRunIsAProblem(String text) {
        assertThat(problems(text)).isNotEmpty().allMatch(p -> p.field().startsWith("script"));
    }

    @ParameterizedTest
    @CsvSource({
        "postgres, postgres",
        "postgres:17, postgres",
        "registry.example.com:5000/team/redis:7, redis",
        "team/web@sha256:0123456789abcdef, web"
    })
    void aliasIsTheLastPartOfTheImage(String image, String alias) {
        assertThat(parse("script: x\nservices: ['" + image + "']").spec().environment().services())
                .singleElement()
                .extracting(ServiceSpec::alias)
                .isEqualTo(alias);
    }

    @ParameterizedTest
    @CsvSource({
        "https://git.example.com/a.git",
        "http://git.example.com/a.git",
        "git://git.example.com:9418/a.git",
        "ssh://git@git.example.com/a.git",
    })
    void urlOfAServerIsClonedByTheHelper(String url) {
        JobDocument document = parseGit(url, HASH.toUpperCase(java.util.Locale.ROOT));

        assertThat(document.spec().inputs().workspace())
                .isEqualTo(new WorkspaceSource.Git(url, HASH));
        assertThat(document.sources()).isEqualTo(new LocalSources.None());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "--upload-pack=touch /tmp/x",
                "-u",
                "ext::sh -c touch% /tmp/x",
                "file:///etc",
                "FILE:///etc",
                "ftp://git.example.com/a",
                "https://hunter2@git.example.com/a.git",
                "https://user:hunter2@git.example.com/a.git",
                "ssh://git:hunter2@git.example.com/a.git",
                "ssh://-oProxyCommand=x/a.git",
                "ssh://-o@git.example.com/a.git",
                "https:///a.git",
                "https://git.example.com",
                "https://git.example.com/a.git?token=hunter2",
                "https://git.example.com/a b",
                "git@git.example.com:team/a.git",
                "team/a"
            })
    void urlThatJobsMayNotUseIsAProblemThatDoesNotRepeatIt(String url) {
        List<Problem> problems = problemsOfGit(url, HASH);

        assertThat(problems).singleElement().returns("workspace.git.url", Problem::field);
        assertThat(problems.getFirst().toString()).doesNotContain("hunter2");
    }

    @ParameterizedTest
    @ValueSource(strings = {"main", "4b825dc", "--all", HASH + "0"})
    void serverNeedsAFullHash(String commit) {
        assertThat(problemsOfGit("https://git.example.com/a.git", commit))
                .singleElement()
                .returns("workspace.git.commit", Problem::field);
    }

    @Test
    void serverNeedsACommit() {
        assertThat(problems("script: x\nworkspace: {git: {url: 'https://git.example.com/a.git'}}"))
                .singleElement()
                .returns("workspace.git.commit", Problem::field);
    }

    @ParameterizedTest
    @CsvSource({
        "., /jobs",
        "./app, /jobs/app",
        "../app, /app",
        "/srv/app, /srv/app",
    })
    void repositoryOnThisMachineHasToBePacked(String url, String path) {
        JobDocument document = parseGit(url, "release/1.2");

        assertThat(document.sources())
                .isEqualTo(new LocalSources.Repository(Path.of(path), "release/1.2"));
        assertThat(document.spec().inputs().workspace()).isEqualTo(new WorkspaceSource.Empty());
    }

    @Test
    void repositoryOnThisMachineIsTakenAtItsHead() {
        assertThat(parse("script: x\nworkspace: {git: {url: .}}").sources())
                .isEqualTo(new LocalSources.Repository(Path.of("/jobs"), "HEAD"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"--all", "-x", "a..b", "a b", "^main", "main:file", "a@{1}", "a~1"})
    void revisionThatGitMightTakeForMoreThanANameIsAProblem(String revision) {
        assertThat(problemsOfGit("./app", revision))
                .singleElement()
                .returns("workspace.git.commit", Problem::field);
    }

    @Test
    void directoryIsRelativeToTheJobFile() {
        assertThat(parse("script: x\nworkspace: {directory: ../app}").sources())
                .isEqualTo(new LocalSources.Directory(Path.of("/app")));
    }

    @Test
    void packedWorkspaceReplacesTheEmptyOne() {
        JobDocument document = parse("script: x\nvariables: {A: b}\nworkspace: {directory: .}");
        WorkspaceSource packed = new WorkspaceSource.Archive(Path.of("/state/a.tar"));

        JobSpec spec = document.withWorkspace(packed);

        assertThat(spec.inputs().workspace()).isEqualTo(packed);
        assertThat(spec.inputs().variables()).containsEntry("A", "b");
        assertThat(spec.steps()).isEqualTo(document.spec().steps());
    }

    private static JobDocument parse(String text) {
        return JobDocument.parse(FILE, text);
    }

    private static JobDocument parseGit(String url, String commit) {
        return parse(git(url, commit));
    }

    private static List<Problem> problemsOfGit(String url, String commit) {
        return problems(git(url, commit));
    }

    private static String git(String url, String commit) {
        return "script: x\nworkspace: {git: {url: '%s', commit: '%s'}}".formatted(url, commit);
    }

    private static List<Problem> problems(String text) {
        return catchThrowableOfType(ConfigException.class, () -> parse(text)).problems();
    }
}
