package dev.mayfly.pipeline;

import dev.mayfly.job.Places;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The variables that GitLab sets, as far as a local run can know them. What it cannot know, such as
 * the numbers of pipeline, job and project, is not set.
 */
final class Predefined {

    private static final Pattern SCP = Pattern.compile("(?:[^@/]+@)?([^:/]+):(?!//)(.+)");
    private static final int SLUG = 63;

    private Predefined() {}

    /**
     * Those of every job of a project.
     *
     * @param checkout null outside of git
     * @param project its directory
     * @param pipeline the file's name from there
     */
    static Map<String, String> of(@Nullable Checkout checkout, Path project, Path pipeline) {
        Map<String, String> all = new LinkedHashMap<>();
        all.put("CI", "true");
        all.put("GITLAB_CI", "true");
        all.put("CI_SERVER", "yes");
        all.put("CI_BUILDS_DIR", Places.WORKSPACE);
        all.put("CI_PROJECT_DIR", Places.SOURCES);
        all.put("CI_CONFIG_PATH", pipeline.toString());
        all.put("CI_CONCURRENT_ID", "0");
        all.put("CI_CONCURRENT_PROJECT_ID", "0");
        all.put("CI_DISPOSABLE_ENVIRONMENT", "true");
        all.put("CI_JOB_STATUS", "running");
        Path directory = project.getFileName();
        all.put("CI_PROJECT_NAME", directory == null ? "project" : directory.toString());
        if (checkout != null) {
            commit(checkout, all);
            if (checkout.remote() != null) {
                remote(checkout.remote(), all);
            }
        }
        return all;
    }

    /** Those of one job. */
    static void job(String name, String stage, LocalRun.Host host, Map<String, String> all) {
        all.put("CI_JOB_NAME", name);
        all.put("CI_JOB_NAME_SLUG", slug(name));
        all.put("CI_JOB_STAGE", stage);
        all.put("CI_RUNNER_VERSION", host.version());
        all.put("CI_RUNNER_EXECUTABLE_ARCH", "linux/" + host.architecture());
    }

    private static void commit(Checkout checkout, Map<String, String> all) {
        Checkout.Commit commit = checkout.commit();
        String title = commit.message().lines().findFirst().orElse("");
        String rest =
                commit.message().substring(Math.min(title.length(), commit.message().length()));
        all.put("CI_COMMIT_SHA", commit.sha());
        all.put(
                "CI_COMMIT_SHORT_SHA",
                commit.sha().substring(0, Math.min(8, commit.sha().length())));
        all.put("CI_COMMIT_BEFORE_SHA", "0".repeat(commit.sha().length()));
        all.put("CI_COMMIT_MESSAGE", commit.message());
        all.put("CI_COMMIT_TITLE", title);
        all.put("CI_COMMIT_DESCRIPTION", rest.strip());
        all.put("CI_COMMIT_AUTHOR", commit.author());
        all.put("CI_COMMIT_TIMESTAMP", commit.time());
        String branch = checkout.ref().branch();
        String tag = checkout.ref().tag();
        if (branch != null) {
            all.put("CI_COMMIT_BRANCH", branch);
        } else if (tag != null) {
            all.put("CI_COMMIT_TAG", tag);
        }
        String ref = branch == null ? tag : branch;
        if (ref != null) {
            all.put("CI_COMMIT_REF_NAME", ref);
            all.put("CI_COMMIT_REF_SLUG", slug(ref));
        }
        if (checkout.defaultBranch() != null) {
            all.put("CI_DEFAULT_BRANCH", checkout.defaultBranch());
        }
    }

    /** A password in the address is left behind: only host and path are taken. */
    private static void remote(String remote, Map<String, String> all) {
        Matcher scp = SCP.matcher(remote);
        if (scp.matches()) {
            server("https", scp.group(1), -1, all);
            path(scp.group(2), all);
            return;
        }
        URI address;
        try {
            address = new URI(remote);
        } catch (URISyntaxException _) {
            return; // a path of this host, for example
        }
        if (address.getHost() == null || address.getPath() == null) {
            return;
        }
        boolean web = "http".equals(address.getScheme()) || "https".equals(address.getScheme());
        server(
                web ? address.getScheme() : "https",
                address.getHost(),
                web ? address.getPort() : -1,
                all);
        path(address.getPath(), all);
    }

    private static void server(String scheme, String host, int port, Map<String, String> all) {
        String name = port < 0 ? host : host + ":" + port;
        int usual = scheme.equals("https") ? 443 : 80;
        all.put("CI_SERVER_PROTOCOL", scheme);
        all.put("CI_SERVER_HOST", host);
        all.put("CI_SERVER_PORT", String.valueOf(port < 0 ? usual : port));
        all.put("CI_SERVER_FQDN", name);
        all.put("CI_SERVER_URL", scheme + "://" + name);
        all.put("CI_API_V4_URL", scheme + "://" + name + "/api/v4");
    }

    private static void path(String written, Map<String, String> all) {
        String path = written.replaceFirst("^/+", "").replaceFirst("/+$", "");
        path = path.endsWith(".git") ? path.substring(0, path.length() - 4) : path;
        int last = path.lastIndexOf('/');
        if (path.isEmpty()) {
            return;
        }
        all.put("CI_PROJECT_PATH", path);
        all.put("CI_PROJECT_PATH_SLUG", slug(path));
        all.put("CI_PROJECT_NAME", path.substring(last + 1));
        all.put("CI_PROJECT_URL", all.get("CI_SERVER_URL") + "/" + path);
        if (last > 0) {
            all.put("CI_PROJECT_NAMESPACE", path.substring(0, last));
            all.put("CI_PROJECT_ROOT_NAMESPACE", path.substring(0, path.indexOf('/')));
        }
    }

    /** GitLab's form of a name for host names: lower case, dashes, 63 characters at most. */
    static String slug(String name) {
        String plain = name.toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9]", "-");
        return plain.substring(0, Math.min(SLUG, plain.length())).replaceAll("^-+|-+$", "");
    }
}
