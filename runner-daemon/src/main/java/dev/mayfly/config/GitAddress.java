package dev.mayfly.config;

import java.net.URI;
import java.net.URISyntaxException;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;

/** Where a job's repository is. Nothing but {@link Invalid} is safe to pass on without a look. */
sealed interface GitAddress {

    /** A server, over one of the schemes that cannot run programs here. */
    record Remote(String url) implements GitAddress {}

    /** A path on the machine that reads the job document. */
    record Local(String path) implements GitAddress {}

    /** Neither. */
    record Invalid(String cause, String cure) implements GitAddress {}

    /** The schemes of a {@link Remote}. */
    List<String> SCHEMES = List.of("https", "http", "ssh", "git");

    /** {@code user@host:path}, which git takes for ssh. */
    Pattern SCP_LIKE =
            Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]*@[A-Za-z0-9][A-Za-z0-9._-]*:(?!/).*");

    /** The messages leave the address out: it may hold a password. */
    static GitAddress parse(String text) {
        if (text.startsWith("/")
                || text.startsWith("./")
                || text.startsWith("../")
                || text.equals(".")
                || text.equals("..")) {
            return text.chars().anyMatch(Character::isISOControl)
                    ? new Invalid("has control characters", "remove them")
                    : new Local(text);
        }
        String expected =
                "write a URL with one of "
                        + String.join(", ", SCHEMES)
                        + ", or a path that starts with / or ./";
        if (SCP_LIKE.matcher(text).matches()) {
            return new Invalid("is no URL", "write ssh://USER@HOST/PATH instead of USER@HOST:PATH");
        }
        URI uri;
        try {
            uri = new URI(text);
        } catch (URISyntaxException e) {
            return new Invalid("is no URL", expected);
        }
        String scheme = uri.getScheme() == null ? "" : uri.getScheme().toLowerCase(Locale.ROOT);
        if (scheme.equals("file")) {
            return new Invalid("is a file URL", "write the path alone, starting with / or ./");
        }
        if (!SCHEMES.contains(scheme)) {
            return new Invalid("is no URL that jobs may use", expected);
        }
        return checked(text, scheme, uri);
    }

    private static GitAddress checked(String text, String scheme, URI uri) {
        String user = uri.getRawUserInfo() == null ? "" : uri.getRawUserInfo();
        if (user.contains(":") || (!user.isEmpty() && scheme.startsWith("http"))) {
            return new Invalid(
                    "holds a user name or password",
                    "remove it, and give the job the password as a secret");
        }
        String host = uri.getHost() == null ? "" : uri.getHost();
        if (host.isEmpty() || host.startsWith("-") || user.startsWith("-")) {
            return new Invalid(
                    "has no usable host",
                    "write for example: https://git.example.com/team/app.git");
        }
        if (uri.getRawPath().length() < 2
                || uri.getRawQuery() != null
                || uri.getRawFragment() != null) {
            return new Invalid(
                    "names no repository",
                    "write for example: https://git.example.com/team/app.git");
        }
        return new Remote(text);
    }
}
