package dev.mayfly.logs;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.OutputStream;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * What the shell and the core utilities of this machine make of values; the build needs them
 * anyway, so their absence is a failure. Other tools' output is in {@link RecordedEncodersTest}.
 */
class LocalEncodersTest {

    private static final List<String> VALUES =
            List.of(
                    "ghx_0aB9cD8eF7gH6iJ5kL4mN3oP2qR1sT0uV9wX",
                    "p4 $'\"#%&()*+,-./:;<=>?@[\\]^_`{|}~!z",
                    "it''s \\\\ a \\'quoted\\' ''value",
                    "p\u00e4ssw\u00f6rd-\u20ac-\ud83d\ude00-z",
                    "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIGh5\n"
                            + "b2x+P/a+7w==\n-----END PRIVATE KEY-----",
                    "a\tb\u0007c\u000bd\u007fe\u0001fghij");

    /** A command that has the value in V, and what is left when the value is hidden. */
    private static final List<List<String>> COMMANDS =
            List.of(
                    List.of("bash", "printf %q \"$V\"", "(\\$')?M'?"),
                    List.of("bash", "LC_ALL=C; printf %q \"$V\"", "(\\$')?M'?"),
                    List.of("bash", "printf %s \"${V@Q}\"", "\\$?'M'"),
                    List.of("bash", "declare -p V", "declare -- V=(\"M\"|\\$'M')\n"),
                    List.of("bash", "exec 2>&1; set -x; : \"$V\"", "\\+ : \\$?'?M'?\n"),
                    List.of("bash", "exec 2>&1; set -x; V2=$V", "\\+ V2=\\$?'?M'?\n"),
                    List.of("sh", "export V; export -p", "(?s).*export V=(\"M\"|\\$?'M')\n.*"),
                    List.of("sh", "exec 2>&1; set -x; : \"$V\"", "\\+ : \\$?'?M'?\n"),
                    List.of("sh", "set", "(?s).*\nV=(M|\\$?'M'|\"M\")\n.*"),
                    List.of("base64", "printf %s \"$V\" | base64 | tr -d '\\n'", "M"),
                    List.of("base64", "printf '%s\\n' \"$V\" | base64 | tr -d '\\n'", "M"),
                    List.of(
                            "base64",
                            "printf 'user:%s' \"$V\" | base64 | tr -d '\\n'",
                            "\\w{6,7}M"),
                    List.of("base64", "printf 'me:%s\\n' \"$V\" | base64 | tr -d '\\n'", "\\w{4}M"),
                    List.of("base32", "printf %s \"$V\" | base32", "M\n"),
                    List.of("base32", "printf '%s\\n' \"$V\" | base32", "M[A-Z2-7]{0,3}=*\n"),
                    List.of("od", "printf %s \"$V\" | od -v -An -tx1", " M\n"),
                    List.of("od", "printf %s \"$V\" | od -v -An -tx1 | tr -d ' \\n'", "M"),
                    List.of("od", "printf %s \"$V\" | od -v -An -tx1 | tr -d '\\n'", " M"));

    static Stream<Arguments> cases() {
        return COMMANDS.stream()
                .flatMap(command ->
                        VALUES.stream()
                                .map(value -> new String(value.getBytes(UTF_8), ISO_8859_1))
                                .map(value ->
                                        Arguments.of(
                                                command.getFirst(),
                                                command.get(1),
                                                command.getLast(),
                                                value)));
    }

    @ParameterizedTest(name = "{0}: {1}")
    @MethodSource("cases")
    void nothingOfTheValueIsLeft(String tool, String command, String left, String value)
            throws IOException, InterruptedException {
        String printed = run(tool.equals("sh") ? "sh" : "bash", command, value);

        assertThat(printed).as("what %s printed", tool).isNotBlank();
        MaskedStream stream = new MaskedStream(SecretVariantsTest.patterns(value));
        assertThat(stream.write(printed).finish()).matches(left.replace("M", "\\[MASKED\\]"));
    }

    private static String run(String shell, String command, String value)
            throws IOException, InterruptedException {
        ProcessBuilder builder = new ProcessBuilder(shell, "-c", "V=$(cat); " + command);
        builder.environment().keySet().removeIf(name -> !name.equals("PATH"));
        builder.redirectError(ProcessBuilder.Redirect.INHERIT);
        Process process = builder.start();
        try (OutputStream input = process.getOutputStream()) {
            input.write(value.getBytes(ISO_8859_1));
        }
        String printed = new String(process.getInputStream().readAllBytes(), ISO_8859_1);
        assertThat(process.waitFor()).as(shell + " -c " + command).isZero();
        return printed;
    }
}
