package dev.mayfly.artifacts;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mayfly.job.FaultException;
import dev.mayfly.job.FileSelection;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** From the bytes of a listing to what is meant by a pipeline's patterns. */
class SelectionTest {

    private static final String DIRECTORY = "/workspace/src";

    private static final String TREE =
            file("README.md", 3)
                    + directory("dist")
                    + directory("dist/empty")
                    + file("dist/app.js", 10)
                    + file("dist/app.js.map", 20)
                    + directory("dist/lib")
                    + file("dist/lib/a.o", 1)
                    + link("dist/latest", "app.js")
                    + "rp\u0000644\u0000"
                    + "0\u0000"
                    + "1700000000.5\u0000dist/pipe\u0000\u0000"
                    + "uf\u0000600\u0000"
                    + "5\u0000"
                    + "1700000000.5\u0000dist/secret\u0000\u0000";

    @Test
    void directoryStandsForEverythingInIt() {
        Selection selection = select(new FileSelection(List.of("dist/"), List.of(), false));

        assertThat(paths(selection))
                .containsExactly(
                        "dist",
                        "dist/app.js",
                        "dist/app.js.map",
                        "dist/empty",
                        "dist/latest",
                        "dist/lib",
                        "dist/lib/a.o");
        assertThat(selection.bytes()).isEqualTo(31);
        assertThat(selection.findings())
                .containsExactly(
                        "dist/: found 9 matching files and directories",
                        "1 files are left out: the job's user may not read them",
                        "1 pipes, sockets or devices are left out");
    }

    @Test
    void excludedDirectoryKeepsWhatIsInIt() {
        Selection selection =
                select(new FileSelection(List.of("dist"), List.of("dist/lib", "**/*.map"), false));

        assertThat(paths(selection))
                .contains("dist/lib/a.o")
                .doesNotContain("dist/lib", "dist/app.js.map");
        assertThat(selection.findings())
                .contains("dist/lib: excluded 1 files", "**/*.map: excluded 1 files");
    }

    @Test
    void patternThatMatchesNothingIsNamedWithTheDirectory() {
        Selection selection = select(new FileSelection(List.of("out/*.zip"), List.of(), false));

        assertThat(selection.isEmpty()).isTrue();
        assertThat(selection.findings())
                .containsExactly(
                        "out/*.zip: no matching files; paths are relative to " + DIRECTORY);
    }

    @Test
    void absolutePathIsTakenWhereItIsInsideAndNamedWhereItIsNot() {
        Selection selection =
                select(
                        new FileSelection(
                                List.of(
                                        DIRECTORY + "/README.md",
                                        "/etc/passwd",
                                        "../x",
                                        "a/../../y",
                                        ""),
                                List.of(),
                                false));

        assertThat(paths(selection)).containsExactly("README.md");
        assertThat(selection.findings())
                .contains(
                        "/etc/passwd: outside of /workspace/src, so it is left out",
                        "../x: outside of /workspace/src, so it is left out",
                        "a/../../y: outside of /workspace/src, so it is left out");
    }

    @Test
    void wholeDirectoryIsMeantByADot() {
        assertThat(paths(select(new FileSelection(List.of("./"), List.of(), false))))
                .contains("README.md", "dist/lib/a.o");
    }

    @Test
    void untrackedFilesAreThoseThatGitNamesAndThatAreThere() {
        Selection selection =
                new Selection(new FileSelection(List.of(), List.of("*.md"), true), DIRECTORY, 100);
        selection.untracked(Set.of("dist/app.js", "README.md", "../../etc/passwd", "gone"));
        list(selection, TREE.getBytes(UTF_8));

        assertThat(paths(selection)).containsExactly("dist/app.js");
        assertThat(selection.findings()).contains("untracked: found 2 files");
    }

    @Test
    void brokenPatternIsSaidAndTheOthersCount() {
        Selection selection =
                select(new FileSelection(List.of("[x", "README.md"), List.of(), false));

        assertThat(paths(selection)).containsExactly("README.md");
        assertThat(selection.findings()).contains("[x: not a pattern: [ without ]");
    }

    @Test
    void moreFilesThanTheLimitAreRefused() {
        Selection selection =
                new Selection(new FileSelection(List.of("**"), List.of(), false), DIRECTORY, 2);

        assertThatThrownBy(() -> list(selection, TREE.getBytes(UTF_8)))
                .isInstanceOf(FaultException.class)
                .hasMessageContaining("more than 2 files");
    }

    @Test
    void listingMayBeCutAnywhere() {
        byte[] bytes = TREE.getBytes(UTF_8);
        Selection whole = select(new FileSelection(List.of("**"), List.of(), false));
        for (int cut = 1; cut < bytes.length; cut += 7) {
            Selection selection =
                    new Selection(
                            new FileSelection(List.of("**"), List.of(), false), DIRECTORY, 100);
            Listing listing = new Listing(List.of(selection));
            listing.take(bytes, 0, cut);
            listing.take(bytes, cut, bytes.length - cut);
            listing.end();

            assertThat(selection.entries()).isEqualTo(whole.entries());
        }
    }

    @Test
    void nameThatIsNoTextIsCountedAndLeftOut() {
        Selection selection =
                new Selection(new FileSelection(List.of("**"), List.of(), false), DIRECTORY, 100);

        assertThat(list(selection, (file("a\u00ffb", 1) + file("b", 1)).getBytes(ISO_8859_1)))
                .isEqualTo(1);
        assertThat(paths(selection)).containsExactly("b");
    }

    @Test
    void listingThatIsNoneIsRefused() {
        Selection selection =
                new Selection(new FileSelection(List.of("**"), List.of(), false), DIRECTORY, 100);
        for (String broken :
                List.of(
                        file("../x", 1),
                        file("/x", 1),
                        "rf\u0000zz\u0000001\u0000001.0\u0000x\u0000\u0000",
                        "rf\u0000644\u0000x\u0000001.0\u0000x\u0000\u0000",
                        "\u0000644\u0000001\u0000001.0\u0000x\u0000\u0000",
                        "rf\u0000644\u0000001\u0000",
                        "x".repeat(5000))) {
            assertThatThrownBy(() -> list(selection, broken.getBytes(UTF_8)))
                    .as(broken)
                    .isInstanceOf(FaultException.class)
                    .hasMessageContaining("broken");
        }
    }

    private static Selection select(FileSelection wanted) {
        Selection selection = new Selection(wanted, DIRECTORY, 100);
        list(selection, TREE.getBytes(UTF_8));
        return selection;
    }

    private static long list(Selection selection, byte[] bytes) {
        Listing listing = new Listing(List.of(selection));
        listing.take(bytes, 0, bytes.length);
        return listing.end();
    }

    private static List<String> paths(Selection selection) {
        return selection.entries().stream().map(WorkspaceEntry::path).toList();
    }

    static String file(String path, long bytes) {
        return "rf\u0000644\u0000"
                + bytes
                + "\u0000"
                + "1700000000.5\u0000"
                + path
                + "\u0000\u0000";
    }

    static String directory(String path) {
        return "rd\u0000755\u0000" + "4096\u0000" + "1700000000.5\u0000" + path + "\u0000\u0000";
    }

    static String link(String path, String target) {
        return "rl\u0000777\u0000"
                + "6\u0000"
                + "1700000000.5\u0000"
                + path
                + "\u0000"
                + target
                + "\u0000";
    }
}
