package dev.mayfly.logs;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.List;
import java.util.SplittableRandom;

/**
 * Writes logs as builds print them: Maven, npm, CMake and image builds, tests, stack traces,
 * downloads, digests and progress bars. Each 300th line has a secret, half of them in an encoded
 * form, each 100th one that lacks its last two bytes. The same log in every run.
 *
 * <p>So that one log does for any number of secrets, a leak is one of the first 1, 10, 100 or 1,000
 * secrets, each as often.
 */
public final class BuildLog {

    private static final int LINES_FOR_A_LEAK = 300;
    private static final int LINES_FOR_A_NEAR_MISS = 100;
    private static final int LONGEST_LINE = 4096;
    private static final byte[] BASE64 =
            "0123456789abcdefABCDEFGHIJKLMNOPQRSTUVWXYZghijklmnopqrstuvwxyz+/".getBytes(UTF_8);
    private static final byte[][] WORDS =
            words(
                    "Downloading compiling resolved dependency module package test passed warning"
                            + " info target/classes src/main/java cache layer step INFO DEBUG 200 OK"
                            + " --no-daemon -Dmaven.repo.local=/cache build context is_valid user_id"
                            + " JSON KeyStore skipped up-to-date incremental unchanged writing image"
                            + " linking library started finished in seconds of the and for with from to"
                            + " deprecated please upgrade version parser handler service repository"
                            + " connection closed retry attempt worker queue message received timeout");
    private static final byte[][] NAMES =
            words(
                    "commons-text jackson-core netty-buffer slf4j-api guava-jre react-dom"
                            + " webpack-cli eslint-plugin typescript left-pad libssl3 zlib1g numpy"
                            + " OrderService PaymentControllerTest UserRepository TokenFilter");

    private final SplittableRandom random = new SplittableRandom(2);
    private final byte[] log;
    private final boolean coloured;
    private final byte[][][] secrets;
    private int length;

    private BuildLog(int bytes, boolean coloured, List<String> secrets) {
        this.log = new byte[bytes + LONGEST_LINE];
        this.coloured = coloured;
        this.secrets =
                secrets.stream()
                        .map(secret -> BenchmarkSecrets.forms(List.of(secret), Masking.STANDARD))
                        .map(forms ->
                                forms.stream().map(SecretPattern::bytes).toArray(byte[][]::new))
                        .toArray(byte[][][]::new);
    }

    /**
     * A log.
     *
     * @param bytes its exact length; the last line may be cut
     * @param coloured whether there are escape sequences, one in about 67 bytes
     */
    public static byte[] of(int bytes, boolean coloured) {
        BuildLog log = new BuildLog(bytes, coloured, BenchmarkSecrets.values(1000));
        for (int line = 1; log.length < bytes; line++) {
            log.line(line);
        }
        byte[] exact = new byte[bytes];
        System.arraycopy(log.log, 0, exact, 0, bytes);
        return exact;
    }

    private void line(int line) {
        switch (random.nextInt(12)) {
            case 0, 1, 2 -> mavenLine(line);
            case 3 -> download();
            case 4, 5 -> testResult();
            case 6 -> stackTrace();
            case 7 -> imageLayer();
            case 8 -> npmWarning();
            case 9 -> compilation();
            case 10 -> integrity();
            default -> progress();
        }
        if (line % LINES_FOR_A_LEAK == 0) {
            put(" token=");
            byte[][] forms = secret(line / LINES_FOR_A_LEAK);
            put(random.nextBoolean() ? forms[0] : one(forms));
        } else if (line % LINES_FOR_A_NEAR_MISS == 0) {
            put(" token=");
            byte[] value = secret(line / LINES_FOR_A_NEAR_MISS)[0];
            put(value, value.length - 2);
        }
        put("\n");
    }

    private byte[][] secret(int number) {
        int among = (int) Math.pow(10, number & 3);
        return secrets[random.nextInt(among)];
    }

    private void mavenLine(int line) {
        put("2026-01-01T00:");
        digits(line / 60 % 60, 2);
        put(":");
        digits(line % 60, 2);
        put(".");
        digits(random.nextInt(1000), 3);
        put("Z [INFO] ");
        sentence(4 + random.nextInt(9));
        colour("36");
        put(one(NAMES));
        colour("0");
    }

    private void download() {
        put("Downloaded from central: https://repo.example.org/maven2/org/example/");
        put(one(NAMES));
        put("/");
        version();
        put("/");
        put(one(NAMES));
        put(".jar (");
        digits(random.nextInt(1000), 3);
        put(" kB at 4.2 MB/s)");
    }

    private void testResult() {
        put("  ");
        colour("32");
        put("\u2713");
        colour("0");
        put(" ");
        sentence(5 + random.nextInt(6));
        put("(");
        digits(random.nextInt(100), 2);
        put(" ms)");
    }

    private void stackTrace() {
        put("\tat org.example.");
        put(one(NAMES));
        put(".");
        put(one(WORDS));
        put("(");
        put(one(NAMES));
        put(".java:");
        digits(random.nextInt(1000), 3);
        put(") ~[classes/:?]");
    }

    private void imageLayer() {
        colour("34");
        put("#");
        digits(random.nextInt(20), 2);
        put(" sha256:");
        characters(64, 16);
        colour("0");
        put(" 12.34MB / 45.67MB ");
        digits(random.nextInt(10), 1);
        put(".8s done");
    }

    private void npmWarning() {
        put("npm ");
        colour("33");
        put("warn");
        colour("39");
        put(" deprecated ");
        put(one(NAMES));
        put("@");
        version();
        put(": ");
        sentence(6 + random.nextInt(8));
    }

    private void compilation() {
        put("[");
        digits(random.nextInt(100), 2);
        put("%] ");
        colour("32");
        put("Building CXX object src/");
        put(one(WORDS));
        put("/CMakeFiles/");
        put(one(NAMES));
        put(".dir/");
        put(one(NAMES));
        put(".cpp.o");
        colour("m");
    }

    private void integrity() {
        put("  integrity sha512-");
        characters(86, BASE64.length);
        put("==");
    }

    private void progress() {
        for (int percent = 20; percent <= 100; percent += 40) {
            put("\r");
            colour("K");
            put("  ");
            digits(percent, 3);
            put("% [=============>      ] ");
            digits(random.nextInt(1000), 3);
            put("/999 ");
        }
    }

    private void sentence(int words) {
        for (int i = 0; i < words; i++) {
            put(one(WORDS));
            put(" ");
        }
    }

    private void version() {
        digits(random.nextInt(10), 1);
        put(".");
        digits(random.nextInt(20), 2);
        put(".");
        digits(random.nextInt(10), 1);
    }

    /** An escape sequence: a colour, or {@code K}, which clears the line. */
    private void colour(String code) {
        if (coloured) {
            put("\u001b[");
            put(code);
            if (Character.isDigit(code.charAt(code.length() - 1))) {
                put("m");
            }
        }
    }

    private void characters(int count, int different) {
        for (int i = 0; i < count; i++) {
            log[length++] = BASE64[random.nextInt(different)];
        }
    }

    private void digits(int number, int places) {
        int rest = number;
        for (int i = places - 1; i >= 0; i--) {
            log[length + i] = (byte) ('0' + rest % 10);
            rest /= 10;
        }
        length += places;
    }

    private byte[] one(byte[][] of) {
        return of[random.nextInt(of.length)];
    }

    private void put(String text) {
        put(text.getBytes(UTF_8));
    }

    private void put(byte[] bytes) {
        put(bytes, bytes.length);
    }

    private void put(byte[] bytes, int count) {
        // Of the longest forms only what keeps the line within its bound.
        int most = Math.min(count, LONGEST_LINE / 2);
        System.arraycopy(bytes, 0, log, length, most);
        length += most;
    }

    private static byte[][] words(String text) {
        String[] words = text.split(" ", -1);
        byte[][] bytes = new byte[words.length][];
        for (int i = 0; i < words.length; i++) {
            bytes[i] = words[i].getBytes(ISO_8859_1);
        }
        return bytes;
    }
}
