package dev.mayfly.bootstrap;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;

/** Looks for values where they must not be. */
final class LeakSearch {

    private LeakSearch() {}

    /** What the engine says of containers, and the command line of every process of this host. */
    static String shown(List<String> containers) throws IOException, InterruptedException {
        StringBuilder shown = new StringBuilder();
        for (String container : containers) {
            shown.append(Engine.docker("inspect", container));
            shown.append(Engine.docker("top", container));
        }
        for (Path process : processes()) {
            shown.append(text(process.resolve("cmdline")));
        }
        return shown.toString();
    }

    /**
     * The processes of this host in whose environment one of the texts is.
     *
     * @param except container whose processes may have it
     */
    static Set<String> environmentsWith(List<String> texts, String except)
            throws IOException, InterruptedException {
        Set<String> own = Set.copyOf(processesOf(except));
        assertThat(own).as("processes of %s", except).isNotEmpty();
        Set<String> found = new TreeSet<>();
        for (Path process : processes()) {
            String id = String.valueOf(process.getFileName());
            String environment = text(process.resolve("environ"));
            if (!own.contains(id) && texts.stream().anyMatch(environment::contains)) {
                found.add(id + " " + text(process.resolve("cmdline")).replace('\0', ' '));
            }
        }
        return found;
    }

    /** Ids of a container's processes, as this host counts them. */
    static List<String> processesOf(String container) throws IOException, InterruptedException {
        return Arrays.stream(Engine.docker("top", container, "-eo", "pid").split("\\s+"))
                .filter(word -> word.matches("[0-9]+"))
                .toList();
    }

    private static List<Path> processes() throws IOException {
        try (Stream<Path> all = Files.list(Path.of("/proc"))) {
            return all.filter(path -> path.getFileName().toString().matches("[0-9]+")).toList();
        }
    }

    /** The text itself, in hex, and what any base64 of something around it contains. */
    static List<String> formsOf(String text) {
        byte[] plain = text.getBytes(StandardCharsets.UTF_8);
        List<String> forms = new ArrayList<>();
        forms.add(text);
        forms.add(HexFormat.of().formatHex(plain));
        forms.add(HexFormat.of().withUpperCase().formatHex(plain));
        for (int shift = 0; shift < 3; shift++) {
            byte[] shifted = new byte[plain.length + shift];
            System.arraycopy(plain, 0, shifted, shift, plain.length);
            String encoded = Base64.getEncoder().withoutPadding().encodeToString(shifted);
            // The first and the last characters also hold bits of what is around.
            forms.add(encoded.substring(4, encoded.length() - 2));
        }
        return forms;
    }

    /** Files, changed since then, that contain one of the texts. What is older cannot. */
    static Set<String> filesWith(List<String> texts, long since, List<Path> places)
            throws IOException, InterruptedException {
        assertThat(places).allSatisfy(p -> assertThat(p).isReadable());
        List<byte[]> wanted = texts.stream().map(t -> t.getBytes(StandardCharsets.UTF_8)).toList();
        Set<String> found = new TreeSet<>();
        for (Path place : places) {
            ProcessBuilder find =
                    new ProcessBuilder(
                            "sh",
                            "-c",
                            // What vanishes meanwhile belongs to others on the same engine.
                            "find \"$0\" -xdev -type f -newerct \"@$1\" 2>/dev/null || true",
                            place.toString(),
                            String.valueOf(since));
            for (String file : Engine.Programs.output(find).lines().toList()) {
                byte[] content = bytes(Path.of(file));
                if (wanted.stream().anyMatch(text -> contains(content, text))) {
                    found.add(file);
                }
            }
        }
        return found;
    }

    private static String text(Path file) {
        return new String(bytes(file), StandardCharsets.ISO_8859_1);
    }

    private static byte[] bytes(Path file) {
        try {
            return Files.readAllBytes(file);
        } catch (IOException e) {
            return new byte[0]; // a process that has ended, a file that is not one
        }
    }

    private static boolean contains(byte[] content, byte[] text) {
        outer:
        for (int i = 0; i <= content.length - text.length; i++) {
            for (int k = 0; k < text.length; k++) {
                if (content[i + k] != text[k]) {
                    continue outer;
                }
            }
            return true;
        }
        return false;
    }
}
