package dev.mayfly.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.mayfly.config.LocalSources;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarFile;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class WorkspacePackerTest {

    @TempDir Path folder;
    private Path sources;
    private Path packed;

    @BeforeEach
    void makeSources() throws Exception {
        sources = Files.createDirectory(folder.resolve("sources"));
        packed = folder.resolve("packed");
    }

    @Test
    void filesFoldersLinksAndExecutableBitsArePacked() throws Exception {
        Files.createDirectories(sources.resolve("a/empty"));
        Files.writeString(sources.resolve("a/text"), "hello");
        Path tool = Files.writeString(sources.resolve("tool"), "#!/bin/sh\n");
        Files.setPosixFilePermissions(tool, PosixFilePermissions.fromString("rwx------"));
        Files.createSymbolicLink(sources.resolve("link"), Path.of("a/text"));
        Files.createSymbolicLink(sources.resolve("dangling"), Path.of("/nowhere"));
        Map<String, TarArchiveEntry> entries = tar(sources);

        assertThat(entries.keySet())
                .containsExactlyInAnyOrder("a/", "a/empty/", "a/text", "tool", "link", "dangling");
        assertThat(entry(entries, "a/text").getMode()).isEqualTo(0100644);
        assertThat(entry(entries, "tool").getMode()).isEqualTo(0100755);
        assertThat(entry(entries, "link").getLinkName()).isEqualTo("a/text");
        assertThat(entry(entries, "dangling").isSymbolicLink()).isTrue();
        assertThat(entry(entries, "tool").getUserName()).isEmpty();
    }

    @Test
    void longNamesAndOtherScriptsSurvive() throws Exception {
        Path deep = sources;
        for (int i = 0; i < 10; i++) {
            deep = deep.resolve("a-rather-long-name-of-a-folder-" + i);
        }
        Files.createDirectories(deep);
        Files.writeString(deep.resolve("grün-✓"), "x");

        assertThat(tar(sources)).containsKey(sources.relativize(deep.resolve("grün-✓")).toString());
    }

    @Test
    void socketsAreLeftOut() throws Exception {
        try (ServerSocketChannel socket = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            socket.bind(UnixDomainSocketAddress.of(sources.resolve("s")));
            Files.writeString(sources.resolve("text"), "x");

            assertThat(tar(sources)).containsOnlyKeys("text");
        }
    }

    @Test
    void aWorkspaceThatIsALinkIsPackedAsWhatItPointsTo() throws Exception {
        Files.writeString(sources.resolve("text"), "x");
        Path link = Files.createSymbolicLink(folder.resolve("link"), sources);

        assertThat(tar(link)).containsOnlyKeys("text");
    }

    /** Files of the kernel have more in them than their size says. */
    @Test
    void aFileThatCannotBePackedIsNamed() {
        assertThatExceptionOfType(WorkspaceException.class)
                .isThrownBy(() -> WorkspacePacker.tar(Path.of("/proc/sys/kernel/random"), packed))
                .withMessageContaining("/proc/sys/kernel/random/")
                .withMessageContaining("of the workspace cannot be packed");
    }

    @ParameterizedTest
    @ValueSource(strings = {"HEAD", "main", "v1"})
    void aRepositoryIsPackedAtABranchATagOrItsHead(String revision) throws Exception {
        String commit = repository();

        assertThat(WorkspacePacker.bundle(sources, revision, packed)).isEqualTo(commit);
        Path clone = folder.resolve("clone");
        git(folder, "clone", "--quiet", packed.toString(), clone.toString());
        assertThat(git(clone, "rev-parse", "HEAD")).isEqualTo(commit);
    }

    @Test
    void aDetachedHeadIsPackedToo() throws Exception {
        String commit = repository();
        git(sources, "checkout", "--quiet", "--detach");
        git(sources, "branch", "-D", "main");
        git(sources, "tag", "-d", "v1");

        assertThat(WorkspacePacker.bundle(sources, commit, packed)).isEqualTo(commit);
        assertThat(git(sources, "bundle", "list-heads", packed.toString())).contains(commit);
    }

    @Test
    void aRevisionThatIsNotThereIsNamedWithTheRepository() throws Exception {
        repository();
        for (String revision : List.of("nowhere", "--output=x")) {
            assertThatExceptionOfType(WorkspaceException.class)
                    .isThrownBy(() -> WorkspacePacker.bundle(sources, revision, packed))
                    .withMessageContaining("there is no commit, branch or tag \"" + revision + "\"")
                    .withMessageContaining(sources.toString());
        }
        assertThatExceptionOfType(WorkspaceException.class)
                .isThrownBy(() -> WorkspacePacker.bundle(folder.resolve("no"), "HEAD", packed))
                .withMessageContaining("is not a directory");
    }

    @Test
    void packedSourcesAreForTheirOwnerOnlyAndGoneAfterwards() throws Exception {
        Files.writeString(sources.resolve("text"), "x");
        Path file;
        try (PackedSources done = PackedSources.of(new LocalSources.Directory(sources))) {
            file = Objects.requireNonNull(done.upload()).file();
            assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                    .isEqualTo("rw-------");
        }
        assertThat(file).doesNotExist();
    }

    @Test
    void aJobWithoutLocalSourcesPacksNothing() throws Exception {
        try (PackedSources none = PackedSources.of(new LocalSources.None())) {
            assertThat(none.upload()).isNull();
        }
    }

    private Map<String, TarArchiveEntry> tar(Path directory) throws Exception {
        WorkspacePacker.tar(directory, packed);
        Map<String, TarArchiveEntry> entries = new LinkedHashMap<>();
        try (TarFile tar = new TarFile(packed)) {
            tar.getEntries().forEach(entry -> entries.put(entry.getName(), entry));
        }
        return entries;
    }

    private static TarArchiveEntry entry(Map<String, TarArchiveEntry> entries, String name) {
        return Objects.requireNonNull(entries.get(name), name);
    }

    private String repository() throws Exception {
        git(sources, "init", "--quiet", "--initial-branch=main", ".");
        Files.writeString(sources.resolve("text"), "x");
        git(sources, "add", ".");
        git(
                sources,
                "-c",
                "user.name=Tester",
                "-c",
                "user.email=tester@example.com",
                "commit",
                "--quiet",
                "-m",
                "first");
        git(sources, "tag", "v1");
        return git(sources, "rev-parse", "HEAD");
    }

    private static String git(Path directory, String... arguments) throws Exception {
        List<String> command = new ArrayList<>(List.of("git"));
        command.addAll(List.of(arguments));
        Process git =
                new ProcessBuilder(command)
                        .directory(directory.toFile())
                        .redirectErrorStream(true)
                        .start();
        String said = new String(git.getInputStream().readAllBytes(), UTF_8);
        assertThat(git.waitFor(20, TimeUnit.SECONDS)).isTrue();
        assertThat(git.exitValue()).as(said).isZero();
        return said.strip();
    }
}
