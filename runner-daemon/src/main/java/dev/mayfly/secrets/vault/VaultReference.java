package dev.mayfly.secrets.vault;

import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What a job wants of the server: {@code vault:PATH[?NAME=VALUE&...][#FIELD[|base64]]}. The path is
 * the API's. Parameters make it a write, which is how some engines are asked; {@code version} alone
 * stays a read.
 *
 * @param read what is asked for; references that differ in their fields alone share one answer
 * @param field whose value is wanted, or empty for all of them as one JSON object
 * @param base64 whether the field's value is text in base64 and the bytes are wanted
 */
record VaultReference(Read read, String field, boolean base64) {

    /** What references to this provider begin with. */
    static final String SCHEME = "vault:";

    private static final String VERSION = "version";

    private static final Pattern SHAPE =
            Pattern.compile(
                    "vault:(?<path>[^?#]+)(\\?(?<query>[^#]*))?(#(?<field>[^#|]+)(?<base64>\\|base64)?)?");

    private static final Pattern SEGMENT = Pattern.compile("[A-Za-z0-9_.@=,:~+-]+");

    /** A job's token could be talked into much with these; none of them holds secrets of a job. */
    private static final Pattern NO_SECRETS =
            Pattern.compile("(sys|auth|identity|cubbyhole)(/.*)?");

    /**
     * One question.
     *
     * @param path of the API
     * @param parameters empty for a plain read
     */
    record Read(String path, Map<String, String> parameters) {

        Read {
            parameters = Map.copyOf(parameters);
        }

        VaultRequest request() {
            if (parameters.isEmpty()) {
                return VaultRequest.read(path);
            }
            String version = parameters.get(VERSION);
            return version != null && parameters.size() == 1
                    ? VaultRequest.read(path + "?" + VERSION + "=" + version)
                    : VaultRequest.write(path, Map.copyOf(parameters));
        }
    }

    /**
     * Reads a reference.
     *
     * @throws IllegalArgumentException saying what is wrong with it
     */
    static VaultReference parse(String text) {
        Matcher matcher = SHAPE.matcher(text);
        if (!matcher.matches()) {
            throw new IllegalArgumentException(
                    "must have the form vault:PATH#FIELD, for example"
                            + " vault:secret/data/shop/db#password");
        }
        String path = matcher.group("path");
        for (String segment : path.split("/", -1)) {
            if (!SEGMENT.matcher(segment).matches() || segment.matches("\\.{1,2}")) {
                throw new IllegalArgumentException(
                        "has the path \""
                                + path
                                + "\", which must be names divided by single slashes: letters,"
                                + " digits and _ . @ = , : ~ + -");
            }
        }
        if (NO_SECRETS.matcher(path).matches()) {
            throw new IllegalArgumentException(
                    "has the path \"" + path + "\", which is none of a secrets engine");
        }
        Map<String, String> parameters = parameters(matcher.group("query"));
        String version = parameters.get(VERSION);
        if (version != null && parameters.size() == 1 && !version.matches("[0-9]{1,9}")) {
            throw new IllegalArgumentException("has the version \"" + version + "\", not a number");
        }
        String field = matcher.group("field");
        return new VaultReference(
                new Read(path, parameters),
                field == null ? "" : field,
                matcher.group("base64") != null);
    }

    private static Map<String, String> parameters(@Nullable String query) {
        Map<String, String> parameters = new LinkedHashMap<>();
        if (query == null || query.isEmpty()) {
            return parameters;
        }
        for (String pair : query.split("&", -1)) {
            int equals = pair.indexOf('=');
            if (equals < 1) {
                throw new IllegalArgumentException(
                        "has a parameter without a value: write NAME=VALUE, several with &");
            }
            parameters.put(pair.substring(0, equals), decoded(pair.substring(equals + 1)));
        }
        return parameters;
    }

    /** As in an address, but a plus is a plus: keys and ciphertexts are full of them. */
    private static String decoded(String value) {
        return URLDecoder.decode(value.replace("+", "%2B"), StandardCharsets.UTF_8);
    }
}
