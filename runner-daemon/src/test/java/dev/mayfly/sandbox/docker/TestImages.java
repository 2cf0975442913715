package dev.mayfly.sandbox.docker;

import com.github.dockerjava.api.command.BuildImageResultCallback;
import com.github.dockerjava.api.exception.NotFoundException;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.apache.commons.compress.archivers.tar.TarConstants;

/**
 * Images of every shape, made on the spot from the host's static busybox and from the agent image,
 * since no registry is needed for tests. Removed when closed.
 */
final class TestImages {

    static final String LABEL = "dev.mayfly.test";

    private static final Path BUSYBOX = Path.of("/bin/busybox");
    private static final List<String> APPLETS =
            List.of(
                    "sh",
                    "cat",
                    "echo",
                    "id",
                    "ls",
                    "nc",
                    "nslookup",
                    "sleep",
                    "ps",
                    "env",
                    "dd",
                    "yes",
                    "head",
                    "ip",
                    "true",
                    "wget",
                    "stat",
                    "touch",
                    "mkdir",
                    "httpd",
                    "chown",
                    "seq",
                    "grep",
                    "kill");

    private final DockerEngine engine;
    private final String prefix;
    private final List<String> built = new ArrayList<>();

    TestImages(DockerEngine engine, String prefix) {
        this.engine = engine;
        this.prefix = prefix;
    }

    /** An image with busybox and its sh, and whatever these lines of a Dockerfile add. */
    String busybox(String name, String... lines) throws InterruptedException {
        return build(name, "FROM scratch\nADD rootfs.tar /\n" + String.join("\n", lines));
    }

    /** An image based on the agent's: it has bash, and a user. */
    String bash(String name, String... lines) throws InterruptedException {
        return build(name, "FROM " + Fixture.AGENT_IMAGE + "\n" + String.join("\n", lines));
    }

    /** An image with one program and no shell. */
    String shellless(String name) throws InterruptedException {
        return build(name, "FROM scratch\nADD only.tar /\nCMD [\"/bin/true\"]\n");
    }

    private String build(String name, String dockerfile) throws InterruptedException {
        String tag = prefix + "/" + name + ":1";
        if (built.contains(tag)) {
            return tag;
        }
        built.add(tag);
        byte[] context = context(dockerfile);
        engine.call(
                "building " + tag,
                client -> {
                    try (var result = new BuildImageResultCallback()) {
                        return client.buildImageCmd(new ByteArrayInputStream(context))
                                .withTags(Set.of(tag))
                                .withLabels(Map.of(LABEL, prefix))
                                .withForcerm(true)
                                .exec(result)
                                .awaitImageId();
                    } catch (IOException e) {
                        throw new UncheckedIOException(e);
                    }
                });
        return tag;
    }

    private static byte[] context(String dockerfile) {
        try {
            ByteArrayOutputStream bytes = new ByteArrayOutputStream();
            try (TarArchiveOutputStream tar = new TarArchiveOutputStream(bytes)) {
                file(tar, "Dockerfile", dockerfile.getBytes(StandardCharsets.UTF_8), 0644);
                file(tar, "rootfs.tar", rootfs(), 0644);
                file(tar, "only.tar", onlyTrue(), 0644);
            }
            return bytes.toByteArray();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static byte[] rootfs() throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (TarArchiveOutputStream tar = new TarArchiveOutputStream(bytes)) {
            file(tar, "bin/busybox", Files.readAllBytes(BUSYBOX), 0755);
            for (String applet : APPLETS) {
                TarArchiveEntry link =
                        new TarArchiveEntry("bin/" + applet, TarConstants.LF_SYMLINK);
                link.setLinkName("busybox");
                tar.putArchiveEntry(link);
                tar.closeArchiveEntry();
            }
            String users = "root:x:0:0::/:/bin/sh\nbuilder:x:1234:1234::/:/bin/sh\n";
            file(tar, "etc/passwd", users.getBytes(StandardCharsets.UTF_8), 0644);
            String groups = "root:x:0:\nbuilder:x:1234:\n";
            file(tar, "etc/group", groups.getBytes(StandardCharsets.UTF_8), 0644);
            directory(tar, "www/");
            directory(tar, "var/");
        }
        return bytes.toByteArray();
    }

    private static byte[] onlyTrue() throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (TarArchiveOutputStream tar = new TarArchiveOutputStream(bytes)) {
            file(tar, "bin/true", Files.readAllBytes(BUSYBOX), 0755);
        }
        return bytes.toByteArray();
    }

    private static void file(TarArchiveOutputStream tar, String name, byte[] content, int mode)
            throws IOException {
        TarArchiveEntry entry = new TarArchiveEntry(name);
        entry.setSize(content.length);
        entry.setMode(mode);
        tar.putArchiveEntry(entry);
        tar.write(content);
        tar.closeArchiveEntry();
    }

    private static void directory(TarArchiveOutputStream tar, String name) throws IOException {
        tar.putArchiveEntry(new TarArchiveEntry(name));
        tar.closeArchiveEntry();
    }

    void close() throws InterruptedException {
        for (String image : built) {
            engine.call(
                    "removing image " + image,
                    client -> {
                        try {
                            client.removeImageCmd(image).withForce(true).exec();
                        } catch (NotFoundException e) {
                            return false;
                        }
                        return true;
                    });
        }
    }
}
