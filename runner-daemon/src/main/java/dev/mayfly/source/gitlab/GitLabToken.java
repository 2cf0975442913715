package dev.mayfly.source.gitlab;

import dev.mayfly.job.SecretValue;
import java.nio.charset.StandardCharsets;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A token of GitLab's: a runner's, a registration's or a job's. Prints as its kind. */
public final class GitLabToken {

    /** A job token may be a JWT. */
    private static final int LONGEST = 16 << 10;

    private static final Pattern PREFIX =
            Pattern.compile("(glrt-(?:t\\d_)?|glrtr-|glcbt-|GR[0-9a-fA-F]{7})");

    /** As long as GitLab's own short form. */
    private static final int SHORT_FORM = 9;

    private final SecretValue value;
    private final String kind;
    private final String shortForm;

    /**
     * Takes a token.
     *
     * @param value visible ASCII characters, at least one
     * @throws IllegalArgumentException without the value in its message
     */
    public GitLabToken(String value) {
        if (value.isEmpty() || value.length() > LONGEST) {
            throw new IllegalArgumentException(
                    "a GitLab token has 1 to "
                            + LONGEST
                            + " characters, this one has "
                            + value.length());
        }
        // It becomes a header: a line break in it would become another one.
        if (!value.chars().allMatch(c -> c > ' ' && c < 127)) {
            throw new IllegalArgumentException(
                    "a GitLab token is visible ASCII characters without blanks: copy it again");
        }
        Matcher prefix = PREFIX.matcher(value);
        String rest = prefix.lookingAt() ? value.substring(prefix.end()) : value;
        this.value = new SecretValue(value.getBytes(StandardCharsets.US_ASCII));
        this.kind = prefix.lookingAt() ? prefix.group() : "";
        this.shortForm = rest.substring(0, Math.min(SHORT_FORM, rest.length()));
    }

    /** The value: for a header or body of a request, and for the file it is kept in. */
    String reveal() {
        return new String(value.reveal(), StandardCharsets.US_ASCII);
    }

    /**
     * What GitLab shows of a runner's token to tell it from others: its first nine characters
     * without the prefix.
     */
    public String shortForm() {
        return shortForm;
    }

    /** Whether it authenticates a runner that was created at the server ({@code glrt-}). */
    public boolean authenticatesRunner() {
        return kind.startsWith("glrt-");
    }

    /** Whether it makes runners ({@code GR1348941...}) and is none's itself. */
    public boolean registersRunners() {
        return kind.startsWith("GR");
    }

    /** Takes the value out of a text that somebody else made. */
    String hiddenIn(String text) {
        return text.replace(reveal(), "[hidden]");
    }

    @Override
    public String toString() {
        return "GitLabToken[" + kind + "hidden]";
    }
}
