package dev.mayfly.source.gitlab;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.nimbusds.jose.crypto.RSASSAVerifier;
import com.nimbusds.jose.jwk.JWKSet;
import com.nimbusds.jwt.SignedJWT;
import dev.mayfly.Eventually;
import dev.mayfly.bootstrap.GitHttpServer;
import dev.mayfly.state.ChildJvm;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A person at the tests' GitLab, by page and by command. */
class StubDeskTest {

    private static final HttpClient HTTP = HttpClient.newHttpClient();

    @Test
    void programSaysHowToRegisterAndServesItsPage() throws Exception {
        try (ChildJvm program = ChildJvm.start(StubDesk.class, "0")) {
            Matcher addresses =
                    Pattern.compile("GitLab is at (\\S+), its page at (\\S+)")
                            .matcher(Objects.requireNonNull(program.line()));
            assertThat(addresses.find()).isTrue();

            HttpResponse<String> page = get(URI.create(addresses.group(2)));
            assertThat(page.statusCode()).isEqualTo(200);
            assertThat(page.body())
                    .contains("MAYFLY_GITLAB_TOKEN=glrt-", "mayfly register --name stub --url ")
                    .contains("<option>request-job</option>", "<option>502-page</option>")
                    .doesNotContain("{{");
            assertThat(get(URI.create(addresses.group(1) + "/api/v4/nothing")).statusCode())
                    .isEqualTo(404);
        }
    }

    @Test
    void postedJobIsHandedOutAndItsTraceCanBeFollowedToItsEnd() throws Exception {
        try (StubDesk desk = new StubDesk(0, null)) {
            CompletableFuture<HttpResponse<String>> followed =
                    HTTP.sendAsync(
                            post(
                                    desk,
                                    "/jobs?follow",
                                    """
                                    hello:
                                      image: busybox
                                      variables: {NAME: value, PASSWORD: {value: s3cr3t, traits: masked}}
                                      before_script: [echo first]
                                      script: echo $NAME
                                      after_script: [echo last]
                                      services: [{name: redis, alias: store, command: [serve], variables: {A: b}, docker: {user: "7"}}]
                                    """),
                            BodyHandlers.ofString());
            Eventually.holds(
                    "the job is there",
                    GitLabFixture.SOON,
                    () -> get(desk.url().resolve("/state")).body().contains("\"hello\""));
            StubJob job = desk.gitlab().job(1001);
            assertThat(job.payload().path("steps"))
                    .hasToString(
                            "[{\"name\":\"script\",\"timeout\":3600,\"when\":\"on_success\",\"allow_failure\":false,\"script\":[\"echo first\",\"echo $NAME\"]},"
                                    + "{\"name\":\"after_script\",\"timeout\":3600,\"when\":\"always\",\"allow_failure\":true,\"script\":[\"echo last\"]}]");
            assertThat(job.payload().path("services").path(0).path("alias").asText())
                    .isEqualTo("store");
            assertThat(job.payload().at("/services/0/executor_opts/docker/user").asText())
                    .isEqualTo("7");
            assertThat(job.payload().at("/services/0/variables").toString())
                    .isEqualTo("[{\"key\":\"A\",\"value\":\"b\"}]");

            job.storedTrace("hello from the job\n");
            job.failOnServer("script_failure");

            assertThat(followed.join().body())
                    .isEqualTo("hello from the job\n\njob 1001: failed, script_failure\n");
        }
    }

    @Test
    void whatIsNotUnderstoodIsNamed() throws Exception {
        try (StubDesk desk = new StubDesk(0, null)) {
            for (String job :
                    List.of("cache: {}", "hello: {script: x, inherit: {}}", "- x", "{}", "[")) {
                HttpResponse<String> refused =
                        HTTP.send(post(desk, "/jobs", job), BodyHandlers.ofString());
                assertThat(refused.statusCode()).as(job).isEqualTo(400);
            }
            assertThat(
                            HTTP.send(
                                            post(desk, "/jobs", "hello: {script: x, inherit: {}}"),
                                            BodyHandlers.ofString())
                                    .body())
                    .contains("not understood: inherit", "before_script");
            Map<String, String> parts =
                    Map.of(
                            "image: {name: x, kubernetes: {user: 7}}", "image:kubernetes",
                            "services: [{name: x, docker: {privileged: true}}]",
                                    "services:docker:privileged",
                            "artifacts: {public: true}", "artifacts:public",
                            "artifacts: {reports: {magic: x}}", "artifacts:reports:magic",
                            "cache: {files: [x]}", "cache:files",
                            "cache: {key: {files: [x]}}", "cache:key with files",
                            "retry: 3", "retry must be 0 to 2",
                            "id_tokens: {A: {}}", "id_tokens:A:aud is missing",
                            "needs: [build]", "there is no job build yet",
                            "allow_failure: {if: x}", "allow_failure:if");
            parts.forEach((part, named) ->
                    assertThat(send(desk, "/jobs", "hello: {script: x, " + part + "}"))
                            .as(part)
                            .contains(named));
        }
    }

    @Test
    void jobKeepsAndCachesFilesAsItsFileSays() throws Exception {
        try (StubDesk desk = new StubDesk(0, null)) {
            send(
                    desk,
                    "/jobs",
                    """
                    build:
                      script: make
                      artifacts:
                        name: out
                        paths: [out/, "*.log"]
                        exclude: [out/tmp]
                        untracked: true
                        when: always
                        expire_in: 1 day
                        reports:
                          junit: report.xml
                          coverage_report: {coverage_format: cobertura, path: c.xml}
                      cache:
                        - {key: deps, paths: [lib], policy: pull, fallback_keys: [old]}
                        - {paths: [more], when: always}
                    """);
            ObjectNode payload = desk.gitlab().job(1001).payload();

            assertThat(payload.path("artifacts").path(0))
                    .hasToString(
                            "{\"artifact_type\":\"archive\",\"artifact_format\":\"zip\",\"when\":\"always\",\"untracked\":true,\"name\":\"out\",\"expire_in\":\"1 day\",\"exclude\":[\"out/tmp\"],\"paths\":[\"out/\",\"*.log\"]}");
            assertThat(payload.path("artifacts").path(1).path("name").asText())
                    .isEqualTo("junit.xml");
            assertThat(payload.path("artifacts").path(2).path("artifact_type").asText())
                    .isEqualTo("cobertura");
            assertThat(payload.path("cache"))
                    .hasToString(
                            "[{\"key\":\"deps-non_protected\",\"policy\":\"pull\",\"when\":\"on_success\",\"untracked\":false,\"fallback_keys\":[\"old-non_protected\"],\"paths\":[\"lib\"]},"
                                    + "{\"key\":\"default-non_protected\",\"policy\":\"pull-push\",\"when\":\"always\",\"untracked\":false,\"fallback_keys\":[],\"paths\":[\"more\"]}]");
        }
    }

    @Test
    void artifactsOfAnEndedJobArePassedOn() throws Exception {
        try (StubDesk desk = new StubDesk(0, null)) {
            send(desk, "/jobs", "build: {script: make, artifacts: {paths: [out]}}");
            assertThat(send(desk, "/jobs", "test: {script: x, needs: [build]}"))
                    .contains("has not ended yet");
            StubJob build = desk.gitlab().job(1001);
            desk.gitlab()
                    .change(() -> {
                        build.status = StubJob.Status.SUCCESS;
                        build.artifacts.add(
                                new StubJob.Artifact(
                                        "archive", "zip", null, "a.zip", new byte[] {1, 2}, 300));
                    });
            String test = send(desk, "/jobs", "test: {script: x, needs: [build]}").strip();
            String without =
                    send(
                                    desk,
                                    "/jobs",
                                    "test: {script: x, needs: [{job: build, artifacts: false}]}")
                            .strip();

            assertThat(desk.gitlab().job(Long.parseLong(test)).payload().path("dependencies"))
                    .hasToString(
                            "[{\"id\":1001,\"name\":\"build\",\"token\":\"%s\",\"artifacts_file\":{\"filename\":\"artifacts.zip\",\"size\":2}}]"
                                    .formatted(build.token()));
            assertThat(build.download).containsExactly(1, 2);
            assertThat(desk.gitlab().job(Long.parseLong(without)).payload().path("dependencies"))
                    .isEmpty();
        }
    }

    @Test
    void identityTokensAreSignedForTheJob() throws Exception {
        try (StubDesk desk = new StubDesk(0, null)) {
            send(desk, "/jobs", "deploy: {script: x, id_tokens: {WHO: {aud: vault}}}");
            JsonNode variable = desk.gitlab().job(1001).payload().path("variables").path(0);
            for (JsonNode one : desk.gitlab().job(1001).payload().path("variables")) {
                variable = one.path("key").asText().equals("WHO") ? one : variable;
            }
            SignedJWT token = SignedJWT.parse(variable.path("value").asText());
            Matcher keys = Pattern.compile("its keys at (\\S+)").matcher(desk.words());
            assertThat(keys.find()).isTrue();
            JWKSet published = JWKSet.parse(get(URI.create(keys.group(1))).body());

            assertThat(variable.path("masked").asBoolean()).isTrue();
            assertThat(token.verify(new RSASSAVerifier(published.getKeys().getFirst().toRSAKey())))
                    .isTrue();
            assertThat(token.getJWTClaimsSet().getAudience()).containsExactly("vault");
            assertThat(token.getJWTClaimsSet().getIssuer())
                    .isEqualTo(desk.gitlab().url().toString());
            assertThat(token.getJWTClaimsSet().getStringClaim("job_id")).isEqualTo("1001");
        }
    }

    @Test
    void failureIsAllowedOrTriedAgainAsTheFileSays() throws Exception {
        try (StubDesk desk = new StubDesk(0, null)) {
            send(desk, "/jobs", "flaky: {script: x, retry: {max: 1, when: script_failure}}");
            send(desk, "/jobs", "soft: {script: x, allow_failure: {exit_codes: [3]}}");
            desk.gitlab().job(1001).failOnServer("script_failure");
            desk.gitlab()
                    .change(() -> {
                        StubJob soft = desk.gitlab().job(1002);
                        soft.status = StubJob.Status.FAILED;
                        soft.exitCode = 3;
                    });

            Eventually.holds(
                    "the second run",
                    GitLabFixture.SOON,
                    () -> get(desk.url().resolve("/state")).body().contains("1003"));
            desk.gitlab().job(1003).failOnServer("script_failure");
            assertThat(get(desk.url().resolve("/jobs/1002?follow")).body())
                    .contains("exit code 3 (allowed to fail)");
            assertThat(get(desk.url().resolve("/jobs/1003?follow")).body())
                    .endsWith("job 1003: failed, script_failure\n");
        }
    }

    @Test
    void sourcesAreThoseOfARepositoryOfThisHost(@TempDir Path folder) throws Exception {
        Path seeds = Files.createDirectory(folder.resolve("seeds"));
        try (GitHttpServer seed = new GitHttpServer(seeds)) {
            String sha = seed.repository("demo", "file.txt", "hello\n");
            try (StubDesk desk = new StubDesk(0, seeds.resolve("demo-work"))) {
                send(desk, "/jobs", "build: {script: make}");
                ObjectNode payload = desk.gitlab().job(1001).payload();
                assertThat(payload.path("git_info").path("sha").asText()).isEqualTo(sha);
                assertThat(payload.path("variables").toString()).doesNotContain("GIT_STRATEGY");
                Process clone =
                        new ProcessBuilder(
                                        "git",
                                        "clone",
                                        "--quiet",
                                        payload.path("git_info").path("repo_url").asText(),
                                        folder.resolve("clone").toString())
                                .inheritIO()
                                .start();
                assertThat(clone.waitFor()).isZero();
                assertThat(folder.resolve("clone/file.txt")).hasContent("hello\n");
                assertThat(send(desk, "/jobs?branch=none", "build: {script: make}"))
                        .contains("none");
            }
        }
    }

    @Test
    void clientThatStartsAgainAndOneOfTwoRegistrationsDoNothingWrong() throws Exception {
        try (StubDesk desk = new StubDesk(0, null)) {
            for (String last : List.of("", "", "first", "")) {
                ask(desk, last.isEmpty() ? "" : desk.runner().queueValue);
            }
            assertThat(desk.gitlab().violations()).isEmpty();
            ask(desk, "never-sent");
            assertThat(desk.gitlab().violations()).hasSize(1);
            desk.gitlab().tolerate("last_update");
        }
    }

    private static void ask(StubDesk desk, String last) throws IOException, InterruptedException {
        ObjectNode body =
                Json.object()
                        .put("token", desk.runner().token())
                        .put("system_id", GitLabFixture.SYSTEM.value());
        if (!last.isEmpty()) {
            body.put("last_update", last);
        }
        body.set("info", GitLabFixture.INFO.json());
        HTTP.send(
                HttpRequest.newBuilder(URI.create(desk.gitlab().url() + "/api/v4/jobs/request"))
                        .header("Content-Type", "application/json")
                        .header("Accept", "application/json")
                        .header("User-Agent", "mayfly 0.1.0")
                        .header("X-Request-Id", "0".repeat(32))
                        .header("RUNNER-TOKEN", desk.runner().token())
                        .POST(BodyPublishers.ofString(body.toString()))
                        .build(),
                BodyHandlers.ofString());
    }

    @Test
    void faultsComeAndGo() throws Exception {
        try (StubDesk desk = new StubDesk(0, null)) {
            URI verify = URI.create(desk.gitlab().url() + "/api/v4/runners/verify");
            send(desk, "/faults?endpoint=verify&fault=503&times=1");
            assertThat(verified(verify)).isEqualTo(503);
            assertThat(verified(verify)).isEqualTo(400);
            send(desk, "/faults?endpoint=all&fault=502-page&times=always");
            assertThat(verified(verify)).isEqualTo(502);
            HTTP.send(
                    HttpRequest.newBuilder(desk.url().resolve("/faults")).DELETE().build(),
                    BodyHandlers.ofString());
            assertThat(verified(verify)).isEqualTo(400);
            assertThat(send(desk, "/faults?endpoint=all&fault=fire")).contains("there is no fault");
            assertThat(send(desk, "/faults?endpoint=moon&fault=500"))
                    .contains("there is no endpoint", "trace");
            desk.gitlab().tolerate("VERIFY");
        }
    }

    @Test
    void pageOfAnotherServerPostsNothing() throws Exception {
        try (StubDesk desk = new StubDesk(0, null)) {
            HttpResponse<String> refused =
                    HTTP.send(
                            HttpRequest.newBuilder(desk.url().resolve("/jobs"))
                                    .header("Origin", "https://elsewhere.example.com")
                                    .POST(BodyPublishers.ofString("hello: {script: x}"))
                                    .build(),
                            BodyHandlers.ofString());

            assertThat(refused.statusCode()).isEqualTo(403);
            assertThat(get(desk.url().resolve("/state")).body()).doesNotContain("hello");
        }
    }

    private static int verified(URI verify) throws IOException, InterruptedException {
        return HTTP.send(
                        HttpRequest.newBuilder(verify)
                                .header("Content-Type", "application/json")
                                .POST(BodyPublishers.ofString("{}"))
                                .build(),
                        BodyHandlers.ofString())
                .statusCode();
    }

    private static String send(StubDesk desk, String target)
            throws IOException, InterruptedException {
        return send(desk, target, "");
    }

    private static String send(StubDesk desk, String target, String body) {
        return HTTP.sendAsync(post(desk, target, body), BodyHandlers.ofString()).join().body();
    }

    private static HttpRequest post(StubDesk desk, String target, String body) {
        return HttpRequest.newBuilder(desk.url().resolve(target))
                .POST(BodyPublishers.ofString(body))
                .build();
    }

    private static HttpResponse<String> get(URI uri) throws IOException, InterruptedException {
        return HTTP.send(HttpRequest.newBuilder(uri).build(), BodyHandlers.ofString());
    }
}
