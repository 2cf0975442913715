package dev.mayfly.secrets.vault;

import static dev.mayfly.secrets.vault.VaultFixture.text;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.mayfly.secrets.vault.VaultReference.Read;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class FetchedTest {

    private static VaultAnswer answer(String json) throws JsonProcessingException {
        return new VaultAnswer(200, new JsonMapper().readTree(json), Duration.ZERO);
    }

    private static Fetched fetched(String data) throws JsonProcessingException {
        return Fetched.of(new Read("kv/x", Map.of()), answer("{\"data\":" + data + "}"));
    }

    private static String value(Fetched fetched, String reference) {
        return text(fetched.value(VaultReference.parse("vault:kv/x" + reference)));
    }

    @Test
    void ownFieldsNamedDataAndMetadataAreNoEnvelope() throws JsonProcessingException {
        Fetched own = fetched("{\"data\":\"mine\",\"metadata\":{\"version\":1}}");

        assertThat(value(own, "#data")).isEqualTo("mine");
        assertThat(own.version()).isZero();
    }

    @Test
    void envelopeOfTheVersionedEngineIsTakenOff() throws JsonProcessingException {
        Fetched versioned =
                fetched(
                        "{\"data\":{\"a\":\"b\"},\"metadata\":{\"version\":7,\"created_time\":\"t\"}}");

        assertThat(value(versioned, "#a")).isEqualTo("b");
        assertThat(versioned.version()).isEqualTo(7);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "null",
                "{}",
                "\"text\"",
                "[]",
                "{\"data\":null,\"metadata\":{\"version\":2,\"created_time\":\"t\"}}"
            })
    void nothingIsAFailureAndNoEmptySecret(String data) {
        assertThatThrownBy(() -> fetched(data))
                .isInstanceOf(VaultFailure.class)
                .hasMessageContaining("holds nothing, or was deleted");
    }

    @Test
    void templateKeepsWhatOnlyLooksLikeAReferenceOfTheShells() throws JsonProcessingException {
        Fetched answer = fetched("{\"u\":\"$1\\\\x\",\"p\":5}");

        assertThat(text(answer.filled("{{u}} {{ p }} ${HOME} {x}")))
                .isEqualTo("$1\\x 5 ${HOME} {x}");
    }

    @Test
    void badBase64IsSaidWithoutTheValue() throws JsonProcessingException {
        Fetched answer = fetched("{\"a\":\"not*base64\"}");

        assertThatThrownBy(() -> value(answer, "#a|base64"))
                .hasMessageContaining("the field a is not in base64")
                .hasMessageNotContaining("not*base64");
    }

    @Test
    void nothingThatHoldsAValuePrintsIt() throws JsonProcessingException {
        VaultAnswer answer = answer("{\"data\":{\"a\":\"canary-value\"}}");

        assertThat(answer.toString() + fetched("{\"a\":\"canary-value\"}"))
                .doesNotContain("canary");
        assertThat(VaultRequest.write("p", Map.of("jwt", "canary-value")).toString())
                .isEqualTo("WRITE p");
    }

    @Test
    void templatesPartsAreTheFieldsItTakes() throws JsonProcessingException {
        Fetched answer = fetched("{\"u\":\"abc\",\"pin\":4711,\"on\":true,\"unused\":\"x\"}");

        assertThat(answer.partsOf("NETRC", "{{u}} {{pin}} {{on}}"))
                .containsOnlyKeys("NETRC.u", "NETRC.pin");
        assertThat(answer.partsOf("NETRC", "{{u}}").values())
                .extracting(VaultFixture::text)
                .containsExactly("abc");
    }

    @Test
    void wholeAnswersPartsAreItsTextsAndNoNumbers() throws JsonProcessingException {
        Fetched answer =
                fetched(
                        "{\"a\":{\"b\":\"abc\"},\"l\":[\"x\"],\"port\":5432,\"e\":\"\",\"n\":null}");

        assertThat(answer.partsOf("ALL", VaultReference.parse("vault:kv/x")))
                .containsOnlyKeys("ALL.a.b", "ALL.l.0");
        assertThat(answer.partsOf("ALL", VaultReference.parse("vault:kv/x#a")))
                .containsOnlyKeys("ALL.b");
        assertThat(answer.partsOf("ALL", VaultReference.parse("vault:kv/x#port"))).isEmpty();
    }
}
