package dev.mayfly.secrets.vault;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.MissingNode;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;

/**
 * What an identity token says of its job. Its signature is not checked here, so these serve to
 * refuse and never to grant: whoever forges them passes here and fails at the server, which does
 * check.
 *
 * @param values the token's payload; missing for a job without a token
 */
record Claims(JsonNode values) {

    private static final JsonMapper JSON = new JsonMapper();

    static final Claims NONE = new Claims(MissingNode.getInstance());

    static Claims of(String token) {
        String[] parts = token.split("\\.", -1);
        if (parts.length != 3) {
            return NONE;
        }
        try {
            return new Claims(JSON.readTree(Base64.getUrlDecoder().decode(parts[1])));
        } catch (IllegalArgumentException | IOException _) {
            return NONE;
        }
    }

    /** Which conditions do not hold, as sentences; empty when all do. */
    List<String> objections(Map<String, List<String>> when) {
        List<String> objections = new ArrayList<>();
        when.forEach((claim, accepted) -> {
            JsonNode value = values.path(claim);
            if (!value.isValueNode() || !accepted.contains(value.asText())) {
                objections.add(
                        "its "
                                + claim
                                + " must be "
                                + String.join(" or ", accepted)
                                + (value.isValueNode()
                                        ? " and is " + shown(value)
                                        : ", which no identity token of it says"));
            }
        });
        return objections.stream().sorted().toList();
    }

    private static String shown(JsonNode value) {
        String text = value.asText().replaceAll("\\p{Cntrl}", "?");
        return text.length() > 80 ? text.substring(0, 80) + "…" : text;
    }
}
