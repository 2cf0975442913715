package dev.mayfly.pipeline;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class PredefinedTest {

    private static final String SHA = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";

    private static Map<String, String> variables(Checkout.Ref ref, @Nullable String remote) {
        return Predefined.of(
                new Checkout(
                        new Checkout.Commit(
                                SHA,
                                "A B <a@example.test>",
                                "2026-01-02T03:04:05+00:00",
                                "Title\n\nMore.\nEnd."),
                        ref,
                        remote,
                        "main"),
                Path.of("/home/somebody/shop"),
                Path.of(".gitlab-ci.yml"));
    }

    @Test
    void commitOfABranchIsDescribed() {
        assertThat(variables(new Checkout.Ref("feature/Big_One", "v1"), null))
                .containsEntry("CI_COMMIT_SHA", SHA)
                .containsEntry("CI_COMMIT_SHORT_SHA", "4b825dc6")
                .containsEntry("CI_COMMIT_BRANCH", "feature/Big_One")
                .containsEntry("CI_COMMIT_REF_NAME", "feature/Big_One")
                .containsEntry("CI_COMMIT_REF_SLUG", "feature-big-one")
                .containsEntry("CI_COMMIT_TITLE", "Title")
                .containsEntry("CI_COMMIT_DESCRIPTION", "More.\nEnd.")
                .containsEntry("CI_COMMIT_AUTHOR", "A B <a@example.test>")
                .containsEntry("CI_DEFAULT_BRANCH", "main")
                .containsEntry("CI_PROJECT_DIR", "/workspace/src")
                .containsEntry("CI_PROJECT_NAME", "shop")
                .containsEntry("GITLAB_CI", "true")
                .doesNotContainKeys(
                        "CI_COMMIT_TAG", "CI_SERVER_URL", "CI_PIPELINE_ID", "CI_JOB_ID");
    }

    @Test
    void commitOfATagHasNoBranch() {
        assertThat(variables(new Checkout.Ref(null, "v1.0"), null))
                .containsEntry("CI_COMMIT_TAG", "v1.0")
                .containsEntry("CI_COMMIT_REF_NAME", "v1.0")
                .containsEntry("CI_COMMIT_REF_SLUG", "v1-0")
                .doesNotContainKey("CI_COMMIT_BRANCH");
    }

    @Test
    void detachedCommitHasNoRef() {
        assertThat(variables(new Checkout.Ref(null, null), null))
                .doesNotContainKeys("CI_COMMIT_TAG", "CI_COMMIT_REF_NAME", "CI_COMMIT_BRANCH");
    }

    @Test
    void outsideOfGitNothingIsMadeUp() {
        assertThat(Predefined.of(null, Path.of("/shop"), Path.of("ci.yml")))
                .containsEntry("CI", "true")
                .doesNotContainKeys("CI_COMMIT_SHA", "CI_COMMIT_REF_NAME");
    }

    @ParameterizedTest
    @CsvSource({
        "https://gitlab.example.com/group/sub/shop.git, https://gitlab.example.com, group/sub/shop",
        "https://user:pa55word@gitlab.example.com:8443/group/sub/shop,"
                + " https://gitlab.example.com:8443, group/sub/shop",
        "http://gitlab.example.com/group/sub/shop/, http://gitlab.example.com, group/sub/shop",
        "git@gitlab.example.com:group/sub/shop.git, https://gitlab.example.com, group/sub/shop",
        "ssh://git@gitlab.example.com:2222/group/sub/shop.git, https://gitlab.example.com,"
                + " group/sub/shop",
    })
    void projectIsReadFromItsRemoteWithoutPasswords(String remote, String server, String path) {
        Map<String, String> variables = variables(new Checkout.Ref("main", null), remote);

        assertThat(variables)
                .containsEntry("CI_SERVER_URL", server)
                .containsEntry("CI_API_V4_URL", server + "/api/v4")
                .containsEntry("CI_PROJECT_PATH", path)
                .containsEntry("CI_PROJECT_URL", server + "/" + path)
                .containsEntry("CI_PROJECT_NAME", "shop")
                .containsEntry("CI_PROJECT_NAMESPACE", "group/sub")
                .containsEntry("CI_PROJECT_ROOT_NAMESPACE", "group");
        assertThat(variables.values()).noneMatch(value -> value.contains("pa55word"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"/srv/git/shop.git", "../shop", "file:///srv/shop.git", "a b c"})
    void remoteThatIsNoServerSaysNothing(String remote) {
        assertThat(variables(new Checkout.Ref("main", null), remote))
                .doesNotContainKeys("CI_SERVER_URL", "CI_PROJECT_PATH");
    }

    @ParameterizedTest
    @CsvSource({"Ab_c/D, ab-c-d", "--a--, a", "build 1/2, build-1-2"})
    void slugIsInLowerCaseWithDashes(String name, String slug) {
        assertThat(Predefined.slug(name)).isEqualTo(slug);
        assertThat(Predefined.slug("a".repeat(80))).hasSize(63);
    }
}
