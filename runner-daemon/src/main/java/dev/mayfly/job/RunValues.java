package dev.mayfly.job;

import dev.mayfly.job.HandedValue.Use;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * What a CI server sets anew for each run of the same job: numbers, times, tokens, who started it.
 * Nobody can approve these, so they are taken out, and only where they look as the server writes
 * them: a pipeline's author can give variables these names and any value.
 *
 * @see <a href="https://docs.gitlab.com/ci/variables/predefined_variables/">GitLab's predefined
 *     variables</a>
 */
public final class RunValues {

    private static final String SAME = "#";

    private static final Pattern NUMBER = Pattern.compile("[0-9]{1,20}");
    private static final Pattern TIME = Pattern.compile("[0-9TZ:+.-]{1,40}");
    private static final Pattern PERSON = Pattern.compile("[\\p{L}\\p{N} ._@+-]{0,255}");
    private static final Pattern NUMBER_AT_END = Pattern.compile("/[0-9]{1,20}$");
    private static final Pattern TOKEN = Pattern.compile("[A-Za-z0-9._-]{8,8192}");
    private static final Pattern IDENTITY_TOKEN =
            Pattern.compile("eyJ[A-Za-z0-9_-]+\\.[A-Za-z0-9_-]+\\.[A-Za-z0-9_-]+");

    private static final Map<String, Pattern> SHAPES =
            Map.ofEntries(
                    Map.entry("CI_JOB_ID", NUMBER),
                    Map.entry("CI_BUILD_ID", NUMBER),
                    Map.entry("CI_PIPELINE_ID", NUMBER),
                    Map.entry("CI_PIPELINE_IID", NUMBER),
                    Map.entry("CI_JOB_STARTED_AT", TIME),
                    Map.entry("CI_PIPELINE_CREATED_AT", TIME),
                    Map.entry("GITLAB_USER_ID", NUMBER),
                    Map.entry("GITLAB_USER_LOGIN", PERSON),
                    Map.entry("GITLAB_USER_NAME", PERSON),
                    Map.entry("GITLAB_USER_EMAIL", PERSON));

    private static final Set<String> ADDRESSES = Set.of("CI_JOB_URL", "CI_PIPELINE_URL");

    /** GitLab gives a job one token under all these names. */
    private static final Set<String> TOKENS =
            Set.of(
                    "CI_JOB_TOKEN",
                    "CI_BUILD_TOKEN",
                    "CI_REGISTRY_PASSWORD",
                    "CI_DEPENDENCY_PROXY_PASSWORD");

    private final List<String> tokens;

    private RunValues(List<String> tokens) {
        this.tokens = tokens;
    }

    /** Those of a job that brings these values along. */
    public static RunValues of(List<HandedValue> handed) {
        return new RunValues(
                handed.stream()
                        .filter(value -> value.is(Use.MASKED) && TOKENS.contains(value.name()))
                        .map(RunValues::text)
                        .filter(text -> TOKEN.matcher(text).matches())
                        .distinct()
                        .toList());
    }

    /** A variable's value, the same for each run. */
    public String without(String name, String value) {
        String rest = value;
        for (String token : tokens) {
            rest = rest.replace(token, SAME);
        }
        Pattern shape = SHAPES.get(name);
        if (shape != null && shape.matcher(rest).matches()) {
            return SAME;
        }
        return ADDRESSES.contains(name) ? NUMBER_AT_END.matcher(rest).replaceFirst(SAME) : rest;
    }

    /** A digest of a value that came with the job, the same for each run. */
    public String digestWithout(HandedValue value) {
        String text = text(value);
        boolean identity = value.is(Use.MASKED) && IDENTITY_TOKEN.matcher(text).matches();
        return Sha256.hexOf(identity ? SAME : without(value.name(), text));
    }

    private static String text(HandedValue value) {
        return new String(value.value().reveal(), StandardCharsets.ISO_8859_1);
    }
}
