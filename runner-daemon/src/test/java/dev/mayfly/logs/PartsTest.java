package dev.mayfly.logs;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Which lines and members of a value are masked alone, and which are ordinary text. */
class PartsTest {

    private static final String SECRET = "s3cr3tvalue";

    private static final String SETTINGS =
            """
            [default]
            region = eu-central-1
            aws_secret_access_key = wJalrXUtnFEMIK7MDENGbPxRfiCY
            export PASSWORD='correct horse'
            debug: true
            token: "abcd-efgh-1234"
            - pin: 12345
            """;

    private static final String FILE =
            "{\"type\":\"service_account\",\"project_id\":\"my-project-1\","
                    + "\"n\": {\"token\": \"abc\\\"def-ghi\"},\"list\":[\"element-one\"],"
                    + "\"note\":\"password\",\"pin\":\"1234567\",\"auth\":\"c2VjcmV0OnZhbHVl\"}";

    private static String mask(String value, String text) {
        return new MaskedStream(SecretVariantsTest.patterns(value)).write(text).finish();
    }

    private static void assertHidden(String value, String part) {
        assertThat(mask(value, "<" + part + ">\n")).isEqualTo("<[MASKED]>\n");
    }

    private static void assertShown(String value, String text) {
        assertThat(mask(value, text)).isEqualTo(text);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "--------",
                "aaaaaaaa",
                "AAAAAAAAAAAAAAAA",
                "abababababab",
                "0.0.0.0.0.0",
                "true",
                "a",
                "{",
                "}",
                "password",
                "\"default\",",
                "Password: password",
                "enabled = true",
                "ENABLED=false",
                "\"type\": \"service_account\",",
                "Proc-Type: 4,ENCRYPTED",
                "-----BEGIN RSA PRIVATE KEY-----",
                "user: deploy-robot",
                "host: db.internal.example"
            })
    void lineWithoutContentOfItsOwnIsNotMaskedAlone(String line) {
        String value = line + "\n" + SECRET + "\n" + line;
        assertShown(value, line + "\n");
        assertHidden(value, SECRET);
        assertHidden(value, value);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "abcdef",
                "hunter2!",
                "password: correcthorse",
                "PASSWORD=correcthorse",
                "!@$%^&+|~",
                "QUJDREVGR0hJSktMTU5PUA==",
                "https://u:pw@host/",
                "passwords123"
            })
    void lineWithContentIsMaskedAlone(String line) {
        assertHidden("a\n" + line, line);
    }

    @Test
    void armourOfAnotherKeyIsShown() {
        String key =
                "-----BEGIN EC PRIVATE KEY-----\nMHcCAQEEIIrYSSNQ\n-----END EC PRIVATE KEY-----";
        assertShown(key, "-----BEGIN RSA PRIVATE KEY-----\n-----BEGIN CERTIFICATE-----\n");
        assertShown(key, "-----BEGIN EC PRIVATE KEY-----\nother\n-----END EC PRIVATE KEY-----\n");
    }

    @Test
    void shortLinesDoNotMaskOrdinaryText() {
        String value = "a\nif\nfor\n1\n[\n]\n{\n}\n" + SECRET;
        assertShown(value, "for a in 1 2; do if [ a ]; then { echo 1; } fi; done\n");
    }

    @Test
    void membersOfSettingsAreMaskedWithoutTheirNames() {
        assertHidden(SETTINGS, "wJalrXUtnFEMIK7MDENGbPxRfiCY");
        assertHidden(SETTINGS, "correct horse");
        assertHidden(SETTINGS, "abcd-efgh-1234");
        assertHidden(SETTINGS, "token: \"abcd-efgh-1234\"");
        assertShown(SETTINGS, "[default]\nregion = eu-central-1\ndebug: true\n- pin: 12345\n");
    }

    @Test
    void membersOfJsonInOneLineAreMaskedWithoutTheirNames() {
        assertHidden(FILE, FILE);
        assertHidden(FILE, "abc\\\"def-ghi");
        assertHidden(FILE, "c2VjcmV0OnZhbHVl");
    }

    @Test
    void namesPublicMembersElementsAndShortMembersAreShown() {
        assertShown(FILE, "my-project-1 service_account project_id token auth\n");
        assertShown(FILE, "element-one password 1234567\n");
    }

    @Test
    void memberOfSeveralLinesIsMaskedAsItIsWritten() {
        String key =
                "-----BEGIN KEY-----\\nMHcCAQEEIIrYSSNQ\\nAwEHoUQDQgAEPR3t\\n-----END KEY-----";
        String file = "{\n  \"private_key\": \"" + key + "\\n\",\n  \"x\": 1\n}";
        assertThat(mask(file, "key is " + key + "\n")).startsWith("key is ").endsWith("\n");
        for (String line : List.of("MHcCAQEEIIrYSSNQ", "AwEHoUQDQgAEPR3t")) {
            assertHidden(file, line);
            assertThat(mask(file, "key is " + key + "\\n\n")).doesNotContain(line);
        }
        assertThat(mask(file, key + "\\n")).isEqualTo("[MASKED]");
    }

    /** What {@code jq -r} prints. */
    @Test
    void membersOfJsonAreMaskedAsTheyAreReadToo() {
        String file =
                "{\"password\":\"Tr0ub\\\"4dor&3xyz\\\\QwErTy\",\"amp\":\"Kf82\\u0026jdW9slPQ\","
                        + "\"slash\":\"aB3\\/kLmN0pQr\",\"face\":\"xK4\\ud83d\\ude00pQ7w\"}";
        assertHidden(file, "Tr0ub\\\"4dor&3xyz\\\\QwErTy");
        assertHidden(file, "Tr0ub\"4dor&3xyz\\QwErTy");
        assertHidden(file, "Kf82\\u0026jdW9slPQ");
        assertHidden(file, "Kf82&jdW9slPQ");
        assertHidden(file, "aB3/kLmN0pQr");
        assertHidden(file, "xK4\u00f0\u009f\u0098\u0080pQ7w");
        String long64 = "{\"a\":\"" + "\\u0041".repeat(9_000) + SECRET + "\"}";
        assertHidden(long64, "A".repeat(9_000) + SECRET);
    }

    @Test
    void quotedSettingsAreMaskedAsTheyAreReadToo() {
        String file =
                "double: \"Tr0ub\\\"4dor\\x26Ww\" # note\nsingle: 'Kf82''jdW9slPQ'\n"
                        + "PASSWORD=\"Vn83\\$Qpz71Lw\"";
        assertHidden(file, "Tr0ub\\\"4dor\\x26Ww");
        assertHidden(file, "Tr0ub\"4dor&Ww");
        assertHidden(file, "Kf82''jdW9slPQ");
        assertHidden(file, "Kf82'jdW9slPQ");
        assertHidden(file, "Vn83$Qpz71Lw");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "DB_PASSWORD=Vn83kQpz71Lw # production",
                "DB_PASSWORD = Vn83kQpz71Lw;",
                "DB_PASSWORD=\"Vn83kQpz71Lw\";",
                "password: 'Vn83kQpz71Lw'  # production",
                "\"password\": \"Vn83kQpz71Lw\", \"x\": 1",
                "//registry.example/:_authToken=Vn83kQpz71Lw",
                "$password: Vn83kQpz71Lw"
            })
    void valueOfASettingIsMaskedWithoutWhatStandsAroundIt(String line) {
        String value = "x\n" + line + "\ny";
        assertHidden(value, "Vn83kQpz71Lw");
        assertHidden(value, line);
    }

    @Test
    void signInAValueNeedNotBeginAComment() {
        assertHidden("x\nPASSWORD=Vn83 #kQpz71Lw", "Vn83 #kQpz71Lw");
    }

    @Test
    void whatStandsAroundAPublicSettingIsShown() {
        String value = "@scope:region=eu-central-1\nflag=true # production\nx\n" + SECRET;
        assertShown(value, "eu-central-1 true\n");
    }

    @Test
    void variablesThatOpenNothingAreShownHoweverTheirNamesAreWritten() {
        String file =
                """
                #!/bin/bash
                set -euo pipefail
                REGION=eu-central-1
                TZ=Europe/Berlin
                LANG=de_DE.UTF-8
                PATH=/usr/local/bin:/usr/bin
                export JAVA_HOME=/usr/lib/jvm/java-17
                NODE_ENV=staging-europe
                IMAGE="registry.example/app:1.2.3"
                Db-Host: database.internal
                API_VERSION=2026-01-01-preview
                PASSWORD=Vn83kQpz71Lw
                """;
        for (String line : file.lines().toList()) {
            if (line.startsWith("PASSWORD")) {
                assertHidden(file, line);
                assertHidden(file, "Vn83kQpz71Lw");
            } else {
                assertShown(file, line + "\n");
                assertShown(file, line.replaceFirst("^[^=:]*[=:]", "") + "\n");
            }
        }
        assertHidden(file, file.strip());
    }

    @Test
    void textOfAnElementIsMaskedWithoutItsTags() {
        String file =
                """
                <?xml version="1.0" encoding="UTF-8"?>
                <settings>
                  <servers>
                    <server>
                      <username>deploy-robot</username>
                      <password>Vn83&amp;Qpz71Lw</password>
                    </server>
                  </servers>
                </settings>
                """;
        assertHidden(file, "Vn83&amp;Qpz71Lw");
        assertHidden(file, "Vn83&Qpz71Lw");
        assertHidden(file.replaceAll("\\s*\n\\s*", ""), "Vn83&Qpz71Lw");
        for (String line :
                List.of(
                        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>",
                        "<settings>",
                        "</server>",
                        "</servers>",
                        "deploy-robot")) {
            assertShown(file, line + "\n");
        }
        assertHidden("x\n<server token=\"Vn83kQpz71Lw\">", "<server token=\"Vn83kQpz71Lw\">");
    }

    @Test
    void passwordInANetrcIsMaskedAlone() {
        for (String file :
                List.of(
                        "machine git.example login robot-one password Vn83kQpz71Lw",
                        "# comment\nmachine git.example\n  login robot-one\n  password Vn83kQpz71Lw\n",
                        "machine a.example login x password y\n"
                                + "default login robot-one password \"Vn83kQpz71Lw\"")) {
            assertHidden(file, "Vn83kQpz71Lw");
            assertShown(file, "robot-one git.example\n");
        }
    }

    @Test
    void passwordInAFileOfPostgresIsMaskedAlone() {
        for (String file :
                List.of(
                        "db.example:5432:app-data:robot-one:Vn83\\:kQpz71Lw",
                        """
                        # comment
                        *:*:*:postgres:other-one
                        db.example:5432:app-data:robot-one:Vn83\\:kQpz71Lw
                        """)) {
            assertHidden(file, "Vn83\\:kQpz71Lw");
            assertHidden(file, "Vn83:kQpz71Lw");
            assertShown(file, "db.example app-data robot-one\n");
        }
        String longest = "x:".repeat(20_000) + SECRET;
        assertHidden(longest, longest);
    }

    @Test
    void brokenJsonGivesWhatCanBeRecognised() {
        assertHidden("{\"password\": \"correct-horse\", \"x\": \"never ends \\", "correct-horse");
        for (String broken : List.of("{\"", "{\"a\":", "\"\\\"", "{\"a\":\"b\",", "\\")) {
            String value = "{" + broken.repeat(5_000) + SECRET;
            assertHidden(value, value);
        }
    }
}
