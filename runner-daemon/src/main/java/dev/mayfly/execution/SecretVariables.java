package dev.mayfly.execution;

import dev.mayfly.job.Fault;
import dev.mayfly.job.FaultException;
import dev.mayfly.job.Places;
import dev.mayfly.secrets.Secret;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The secrets that a job wants in its environment. A file can hold any bytes, a variable cannot.
 */
final class SecretVariables {

    private SecretVariables() {}

    /**
     * Puts values under the names of their variables.
     *
     * @throws FaultException with {@code SECRET} when a value cannot be a variable
     */
    static Map<String, String> of(List<Secret> secrets) {
        Map<String, String> variables = new LinkedHashMap<>();
        for (Secret secret : secrets) {
            String name = secret.request().name();
            switch (secret.request().variable()) {
                case VALUE -> variables.put(name, text(secret));
                case PATH -> variables.put(name, Places.file(name));
                case NONE -> {
                    // the job knows where its files are
                }
            }
        }
        return variables;
    }

    private static String text(Secret secret) {
        String text;
        try {
            text =
                    StandardCharsets.UTF_8
                            .newDecoder()
                            .decode(ByteBuffer.wrap(secret.value().reveal()))
                            .toString();
        } catch (CharacterCodingException _) {
            // Without the cause, which tells where in the value the odd byte is.
            throw refusal(secret, "is not UTF-8 text");
        }
        if (text.indexOf('\0') >= 0) {
            throw refusal(secret, "has a NUL byte");
        }
        return text;
    }

    private static FaultException refusal(Secret secret, String why) {
        String name = secret.request().name();
        return new FaultException(
                Fault.SECRET,
                "secret "
                        + name
                        + " "
                        + why
                        + ", so it cannot be a variable: remove \"variable: true\" from it and read"
                        + " the file /run/secrets/"
                        + name
                        + ", or store it as text, in base64 for example");
    }
}
