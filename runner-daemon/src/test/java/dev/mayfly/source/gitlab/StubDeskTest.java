package dev.mayfly.source.gitlab;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mayfly.Eventually;
import dev.mayfly.state.ChildJvm;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

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
        try (StubDesk desk = new StubDesk(0)) {
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
                                      services: [{name: redis, alias: store, command: [serve]}]
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

            job.storedTrace("hello from the job\n");
            job.failOnServer("script_failure");

            assertThat(followed.join().body())
                    .isEqualTo("hello from the job\n\njob 1001: failed, script_failure\n");
        }
    }

    @Test
    void whatIsNotUnderstoodIsNamed() throws Exception {
        try (StubDesk desk = new StubDesk(0)) {
            for (String job :
                    List.of("cache: {}", "hello: {script: x, needs: []}", "- x", "{}", "[")) {
                HttpResponse<String> refused =
                        HTTP.send(post(desk, "/jobs", job), BodyHandlers.ofString());
                assertThat(refused.statusCode()).as(job).isEqualTo(400);
            }
            assertThat(
                            HTTP.send(
                                            post(desk, "/jobs", "hello: {script: x, needs: []}"),
                                            BodyHandlers.ofString())
                                    .body())
                    .contains("not understood: needs", "before_script");
        }
    }

    @Test
    void faultsComeAndGo() throws Exception {
        try (StubDesk desk = new StubDesk(0)) {
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
        try (StubDesk desk = new StubDesk(0)) {
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
        return HTTP.send(post(desk, target, ""), BodyHandlers.ofString()).body();
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
