package dev.mayfly.logs;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import dev.mayfly.config.TokenRules;
import java.io.ByteArrayOutputStream;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The program's own token rules, each with what it hides, and what they leave alone. */
class TokenRulesTest {

    private static final TokenShapes BUILT_IN = TokenShapes.of(TokenRules.builtIn());
    private static final String TEN = "x7Kq2mZp9T";
    private static final String FORTY = TEN.repeat(4);
    private static final String KEY = "\nMIIEvQ" + FORTY + "\n" + FORTY + "==\n";

    /**
     * What a rule hides.
     *
     * @param text with the hidden part between « and », which are not part of it
     */
    record Example(String rule, String text) {

        String shown() {
            return text.replaceAll("(?s)«.*?»", "[MASKED]");
        }

        String bytes() {
            return text.replaceAll("[«»]", "");
        }
    }

    // No text here is a token: letters follow the prefixes at will.
    static Stream<Example> examples() {
        return Stream.of(
                new Example("gitlab", "token glpat-«" + TEN + TEN + "» used"),
                new Example("gitlab", "x_gitlab_session=«0a1b2c»; path=/"),
                new Example("gitlab", "CI_JOB_TOKEN=glcbt-«64_" + TEN + "»"),
                new Example("github", "ghp_«" + FORTY + "»\n"),
                new Example("github", "Authorization: token ghs_«" + FORTY + "»"),
                new Example("github-fine-grained", "github_pat_«" + FORTY + "»!"),
                new Example("aws-key-id", "id=«AKIA" + "IOSFODNN7XYZABCD» "),
                new Example("aws-secret", "aws_secret_access_key = «" + FORTY + "»\n"),
                new Example("aws-secret", "\"SecretAccessKey\": \"«" + FORTY + "»\","),
                new Example("vault", "hvs.«" + FORTY + "» "),
                new Example("slack", "xoxb-«123456789012-" + TEN + "» "),
                new Example(
                        "slack-webhook",
                        "https://hooks.slack.com/services/«T0AAAAAAA/B0AAAAAAA/" + FORTY + "»\n"),
                new Example("npm", "npm_«" + TEN + TEN + TEN + "abcdef» "),
                new Example("pypi", "pypi-AgEIcHlwaS5vcmc«" + FORTY + FORTY + "» "),
                new Example("google-api-key", "key «AIza" + FORTY.substring(5) + "» "),
                new Example("google-oauth", "GOCSPX-«" + FORTY.substring(12) + "» "),
                new Example("stripe", "sk_live_«" + TEN + TEN + "abcd» "),
                new Example("docker-hub", "dckr_pat_«" + TEN + TEN + "abcdefg» "),
                new Example("azure-account-key", ";AccountKey=«" + FORTY + FORTY + "==»;"),
                new Example("jwt", "Bearer «eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.AbCdEf-_123» ok"),
                new Example("pem-private-key", "-----BEGIN PRIVATE KEY-----«" + KEY + "»-----"),
                new Example(
                        "pem-private-key-with-password",
                        "DEK-Info: AES-256-CBC,«0123456789ABCDEF\n\n" + FORTY + "\n»_"),
                new Example(
                        "pem-private-key",
                        "BEGIN PRIVATE KEY-----«\\r\\n" + FORTY + "\\r\\nabcd==\\n»-----"),
                new Example("pem-private-key", "BEGIN EC PRIVATE KEY-----«" + FORTY + "abcd»-----"),
                new Example("pem-private-key", "BEGIN PGP PRIVATE KEY BLOCK-----«\n" + KEY + "»--"),
                new Example(
                        "private-key-with-headers",
                        "BEGIN PGP PRIVATE KEY BLOCK-----«\nVersion: GnuPG v2.0.22\n"
                                + (KEY + KEY + KEY)
                                + "=abcd\n»-----"),
                new Example(
                        "private-key-with-headers",
                        "BEGIN PGP PRIVATE KEY BLOCK-----«\\nVersion: 1.2\\nComment: a - b.c\\n\\n"
                                + (FORTY + TEN + "\\n").repeat(9)
                                + "»-----"),
                new Example(
                        "private-key-with-headers",
                        "BEGIN SSH2 ENCRYPTED PRIVATE KEY ----«\r\nComment: \"a, 2-key\"\r\n"
                                + (FORTY + TEN + "\r\n").repeat(5)
                                + "»----"),
                new Example("url-parameter", "GET /x?private_token=«abc123»&page=2"),
                new Example("url-parameter", "GET /x?a=1&X-Amz-Signature=«0fe1» HTTP/1.1"),
                new Example("url-password", "git clone https://user:«pa55-w0rd»@git.example/x"),
                new Example("url-password", "redis://:«pa55»@cache:6379/0"),
                new Example("url-password", "smtp://me@a.example:«pa55»@mail.example"),
                new Example("url-password-with-at", "https://app:«pa@ss11122233»@db/x"),
                new Example("url-password-with-at", "https://app:«@ss1»@db/x@y"),
                new Example("url-password-with-ats", "https://app:«p@a@s@s1@db»/x@y"));
    }

    @ParameterizedTest
    @MethodSource("examples")
    void exampleIsHiddenByItsRuleHoweverItIsWritten(Example example) {
        assertThat(masked(example.bytes(), Integer.MAX_VALUE)).isEqualTo(example.shown());
        assertThat(masked(example.bytes(), 1)).isEqualTo(masked(example.bytes(), 9999));
        assertThat(hits(example.bytes())).containsKey(example.rule());
    }

    @Test
    void everyRuleHasAnExample() {
        List<String> shown = examples().map(Example::rule).distinct().toList();
        assertThat(TokenRules.builtIn()).extracting(TokenShape::name).hasSameElementsAs(shown);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "glpat- without anything",
                "Downloading https://repo.example:8443/maven2/a/b/1.0/b-1.0.jar",
                "see http://[::1]:8080/x?page=2&sort=asc",
                "mailto:somebody@example.org and ssh://git@example.org/x.git",
                "AKIA is a prefix, AKIAshort too",
                "the eyJ prefix and eyJhbGciOiJ9 alone",
                "-----BEGIN CERTIFICATE-----\nMIIDdzCCAl+gAwIBAgIEAgAAuTANBgkqhkiG9w0BAQUFADBa\n",
                "-----BEGIN PUBLIC KEY-----\nMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA\n",
                "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
                "npm_config_cache=/root/.npm npm_lifecycle_event=build",
                "sk_live_ and hvs. and ghp_abc and xoxb-",
                "config.sig=none design=flat, assigned access_token=value without a URL",
                "secret_access_key is not set; SecretAccessKey: <none>"
            })
    void ordinaryTextIsLeftAlone(String text) {
        assertThat(masked(text, Integer.MAX_VALUE)).isEqualTo(text);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "-----BEGIN PRIVATE KEY-----",
                "-----BEGIN PGP PRIVATE KEY BLOCK-----",
                "-----BEGIN PGP PRIVATE KEY BLOCK-----\nVersion: 1",
                "DEK-Info: AES-128-CBC,0123456789ABCDEF"
            })
    void outputBehindAHeaderWithoutAKeyIsLeftAlone(String header) {
        String text = header + "\nno key at all\n" + "12345\n".repeat(9999);
        assertThat(masked(text, Integer.MAX_VALUE)).isEqualTo(text);
    }

    @Test
    void outputBehindAKeyWithoutAnEndIsShownAgain() {
        String text = "-----BEGIN PRIVATE KEY-----" + KEY + "12345\n".repeat(9999);
        assertThat(masked(text, Integer.MAX_VALUE))
                .startsWith("-----BEGIN PRIVATE KEY-----[MASKED]")
                .hasSizeGreaterThan(40_000);
    }

    private static String masked(String text, int most) {
        ByteArrayOutputStream shown = new ByteArrayOutputStream();
        write(new TokenMasker(BUILT_IN, shown::write), text, most);
        return shown.toString(ISO_8859_1);
    }

    private static Map<String, Long> hits(String text) {
        TokenMasker masker = new TokenMasker(BUILT_IN, (bytes, offset, length) -> {});
        write(masker, text, Integer.MAX_VALUE);
        return masker.hits();
    }

    private static void write(TokenMasker masker, String text, int most) {
        byte[] bytes = text.getBytes(ISO_8859_1);
        for (int from = 0; from < bytes.length; from += Math.min(most, bytes.length)) {
            masker.write(bytes, from, Math.min(most, bytes.length - from));
        }
        masker.finish();
    }
}
