package dev.mayfly.bootstrap;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Jobs of a pipeline file on the real engine, by the command itself. Needs an engine on this host,
 * the agent image, and git.
 */
@Timeout(120)
class PipelineRunIT {

    private static final String SECRET = "a-value-that-nobody-sees";

    @TempDir private Path directory;

    private Installation installation;
    private Path project;

    @BeforeEach
    void install() throws IOException, InterruptedException {
        installation = new Installation(directory, 1, "drain_timeout: 1s");
        installation.secret("deploy-token", SECRET, "untrusted");
        project = Files.createDirectory(directory.resolve("project"));
        Files.writeString(
                project.resolve(".gitlab-ci.yml"),
                """
                include: {local: ci/*.yml}
                default:
                  before_script: [echo "before in $PWD"]
                variables: {GREETING: "hello $NAME", NAME: world}
                build:
                  extends: .base
                  stage: build
                  cache: {paths: [x]}
                  secrets: {CERTIFICATE: {vault: a/b}}
                  script:
                    - !reference [.base, script]
                    - cat committed changed
                    - echo "token $TOKEN"
                    - wc -c <"$CERTIFICATE"
                    - test "$CI_COMMIT_SHA" = "$(git rev-parse HEAD)" && echo same commit
                    - echo "$CI_JOB_STAGE $CI_COMMIT_BRANCH $GITLAB_CI"
                  after_script: [echo "after $CI_JOB_STATUS"]
                with service:
                  image: {name: "%1$s", entrypoint: [""]}
                  services: [{name: "%1$s", alias: "db,store", entrypoint: [sleep], command: ["600"]}]
                  parallel: {matrix: [{HOST: [db, store]}]}
                  script: [getent hosts "$HOST" >/dev/null, echo "found $HOST as $CI_NODE_INDEX"]
                fails:
                  variables: {GIT_STRATEGY: none}
                  script: [ls -A, exit 7]
                """
                        .formatted(Installation.AGENT_IMAGE));
        Files.createDirectory(project.resolve("ci"));
        Files.writeString(
                project.resolve("ci/base.yml"), ".base: {script: [echo \"$GREETING\"]}\n");
        Files.writeString(project.resolve("committed"), "from the commit\n");
        git("init", "--quiet", "--initial-branch=topic");
        git("add", "--all");
        git(
                "-c",
                "user.name=test",
                "-c",
                "user.email=test@example.test",
                "commit",
                "--quiet",
                "--message=First");
        Files.writeString(project.resolve("changed"), "not committed\n");
    }

    @AfterEach
    void nothingIsLeft() throws IOException {
        try (Engine engine = new Engine()) {
            assertThat(engine.of(installation.daemonId())).isEmpty();
        }
    }

    private void git(String... arguments) throws IOException, InterruptedException {
        ProcessBuilder builder = new ProcessBuilder("git", "-C", project.toString());
        builder.command().addAll(List.of(arguments));
        Engine.Programs.output(builder);
    }

    private MayflyProcess run(String... arguments) throws IOException {
        return MayflyProcess.start(installation, "run", arguments);
    }

    @Test
    void jobRunsOnTheWorkingTreeWithItsSecretsMasked() throws IOException, InterruptedException {
        try (MayflyProcess mayfly =
                run(
                        "--gitlab",
                        project.resolve(".gitlab-ci.yml").toString(),
                        "build",
                        "--variable",
                        "NAME=everybody",
                        "--secret",
                        "TOKEN=deploy-token",
                        "--secret",
                        "CERTIFICATE=deploy-token")) {
            int code = mayfly.exitCode();

            assertThat(code).as(mayfly.said()).isZero();
            assertThat(mayfly.said())
                    .contains(
                            "note: ",
                            "build.cache: nothing is restored or saved",
                            "before in /workspace/src",
                            "hello everybody",
                            "from the commit\nnot committed",
                            "token [MASKED",
                            String.valueOf(SECRET.length()),
                            "same commit",
                            "build topic true",
                            "after success")
                    .doesNotContain(SECRET);
        }
    }

    @Test
    void exitCodeIsTheScriptsAndTheDirectoryIsEmptyWithoutSources()
            throws IOException, InterruptedException {
        try (MayflyProcess mayfly =
                run("--gitlab", project.resolve(".gitlab-ci.yml").toString(), "fails")) {
            assertThat(mayfly.exitCode()).as(mayfly.said()).isEqualTo(7);
            assertThat(mayfly.said()).contains("$ ls -A\n$ exit 7");
        }
    }

    @Test
    void jobOfAMatrixReachesItsServicesByTheirAliases() throws IOException, InterruptedException {
        try (MayflyProcess mayfly =
                run(
                        "--gitlab",
                        project.resolve(".gitlab-ci.yml").toString(),
                        "with service: [store]")) {
            assertThat(mayfly.exitCode()).as(mayfly.said()).isZero();
            assertThat(mayfly.said()).contains("\nfound store as 2\n");
        }
    }
}
