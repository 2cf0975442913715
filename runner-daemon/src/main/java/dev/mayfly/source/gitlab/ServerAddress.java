package dev.mayfly.source.gitlab;

import java.net.URI;
import java.net.URISyntaxException;
import java.util.Locale;

/**
 * Where a GitLab server is, its relative URL root included.
 *
 * @param tls whether it is spoken to over TLS
 * @param host name or address, in lower case
 * @param port 1 to 65535
 * @param root empty, or a path that starts with a slash and does not end with one
 */
public record ServerAddress(boolean tls, String host, int port, String root) {

    private static final String API = "/api/v4";

    /**
     * Reads what a user enters: {@code https://gitlab.example.com/gitlab}. A slash at the end and
     * the {@code /ci} of old instructions are ignored.
     *
     * @throws IllegalArgumentException with cause and cure
     */
    public static ServerAddress of(String url) {
        URI uri;
        try {
            uri = new URI(url.strip());
        } catch (URISyntaxException e) {
            throw new IllegalArgumentException(
                    "the URL of a GitLab server looks like https://gitlab.example.com; this one"
                            + " cannot be read: "
                            + e.getReason());
        }
        String scheme = String.valueOf(uri.getScheme()).toLowerCase(Locale.ROOT);
        if (!scheme.equals("https") && !scheme.equals("http")) {
            throw new IllegalArgumentException(
                    "the URL of a GitLab server starts with https:// or http://");
        }
        if (uri.getHost() == null) {
            throw new IllegalArgumentException("the URL of a GitLab server names a host");
        }
        if (uri.getRawUserInfo() != null) {
            throw new IllegalArgumentException(
                    "the URL of a GitLab server has no user and no password in it: remove what"
                            + " stands before the @");
        }
        if (uri.getRawQuery() != null || uri.getRawFragment() != null) {
            throw new IllegalArgumentException(
                    "the URL of a GitLab server ends before any ? or #: remove what follows");
        }
        boolean tls = scheme.equals("https");
        int port = uri.getPort() < 0 ? (tls ? 443 : 80) : uri.getPort();
        String root = withoutSlashes(uri.getRawPath() == null ? "" : uri.getRawPath());
        if (root.endsWith("/ci")) {
            root = withoutSlashes(root.substring(0, root.length() - "/ci".length()));
        }
        return new ServerAddress(tls, uri.getHost().toLowerCase(Locale.ROOT), port, root);
    }

    /** The path of a call, for example {@code /jobs/request}. */
    String api(String call) {
        return root + API + call;
    }

    /** As a user would enter it. */
    @Override
    public String toString() {
        boolean usual = port == (tls ? 443 : 80);
        return (tls ? "https://" : "http://") + host + (usual ? "" : ":" + port) + root;
    }

    private static String withoutSlashes(String path) {
        int end = path.length();
        while (end > 0 && path.charAt(end - 1) == '/') {
            end--;
        }
        return path.substring(0, end);
    }
}
