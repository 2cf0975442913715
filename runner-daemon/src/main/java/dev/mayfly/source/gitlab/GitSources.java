package dev.mayfly.source.gitlab;

import static java.nio.charset.StandardCharsets.US_ASCII;

import dev.mayfly.job.GitFetch;
import dev.mayfly.job.GitFetch.Submodules;
import dev.mayfly.job.Places;
import dev.mayfly.job.SecretValue;
import dev.mayfly.job.WorkspaceSource;
import dev.mayfly.source.gitlab.JobPayload.GitFacts;
import java.net.URI;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** How a job's sources are to be fetched, by the payload and the {@code GIT_} variables. */
final class GitSources {

    /** The name that a job token goes by. */
    private static final String USER = "gitlab-ci-token";

    private static final String PLACE = "GIT_CLONE_PATH";
    private static final String USUAL_FLAGS = "--prune --quiet";
    private static final Pattern BLANKS = Pattern.compile("\\s+");

    private final JobPayload payload;
    private final JobVariables variables;
    private final @Nullable String authorities;
    private final Misfits misfits;

    /**
     * Prepares.
     *
     * @param misfits takes what of it cannot be done
     */
    GitSources(
            JobPayload payload,
            JobVariables variables,
            @Nullable String authorities,
            Misfits misfits) {
        this.payload = payload;
        this.variables = variables;
        this.authorities = authorities;
        this.misfits = misfits;
    }

    WorkspaceSource workspace() {
        String place = variables.value(PLACE);
        if (!place.isEmpty() && directory(variables) == null) {
            misfits.mistaken(
                    PLACE,
                    place,
                    "sources are kept below CI_BUILDS_DIR, which is %s, so write $CI_BUILDS_DIR/NAME, or leave it out"
                            .formatted(Places.WORKSPACE));
        }
        if (!fetches(variables)) {
            if (!payload.work().hooks().equals(GitFetch.Hooks.NONE)) {
                misfits.lacking("hooks where no sources are fetched");
            }
            return new WorkspaceSource.Empty();
        }
        switch (strategy(variables)) {
            // A workspace is always fresh, so both are a clone.
            case "", "fetch", "clone" -> {}
            default ->
                    misfits.mistaken(
                            "GIT_STRATEGY",
                            variables.value("GIT_STRATEGY"),
                            "allowed are fetch, clone, none and empty");
        }
        GitFacts git = payload.git();
        return new WorkspaceSource.Git(
                git.url(),
                git.sha(),
                new GitFetch(
                        git.fetch().refspecs(),
                        git.fetch().depth(),
                        words("GIT_FETCH_EXTRA_FLAGS", USUAL_FLAGS),
                        variables.attempts("GET_SOURCES_ATTEMPTS"),
                        new GitFetch.Content(
                                git.ref(),
                                !variables.isFalse("GIT_CHECKOUT"),
                                submodules(),
                                !variables.isTrue("GIT_LFS_SKIP_SMUDGE")),
                        access(git.url()),
                        payload.work().hooks(),
                        directory(variables)));
    }

    /** Whether a job wants sources at all. */
    static boolean fetches(JobVariables variables) {
        return !Set.of("none", "empty").contains(strategy(variables));
    }

    private static String strategy(JobVariables variables) {
        return variables.value("GIT_STRATEGY").toLowerCase(Locale.ROOT);
    }

    /**
     * Where a job wants its sources, or null where it does not say or says something that cannot
     * be.
     */
    static @Nullable String directory(JobVariables variables) {
        String wish = variables.value(PLACE);
        if (wish.isEmpty()) {
            return null;
        }
        Path path;
        try {
            path = Path.of(wish).normalize();
        } catch (InvalidPathException _) {
            return null;
        }
        Path root = Path.of(Places.WORKSPACE);
        return path.startsWith(root) && !path.equals(root) ? path.toString() : null;
    }

    private Submodules submodules() {
        String strategy = variables.value("GIT_SUBMODULE_STRATEGY").toLowerCase(Locale.ROOT);
        Submodules.Mode mode =
                switch (strategy) {
                    case "normal" -> Submodules.Mode.NORMAL;
                    case "recursive" -> Submodules.Mode.RECURSIVE;
                    case "", "none" -> Submodules.Mode.NONE;
                    default -> {
                        misfits.mistaken(
                                "GIT_SUBMODULE_STRATEGY",
                                variables.value("GIT_SUBMODULE_STRATEGY"),
                                "allowed are none, normal and recursive");
                        yield Submodules.Mode.NONE;
                    }
                };
        return mode == Submodules.Mode.NONE
                ? Submodules.NONE
                : new Submodules(
                        mode,
                        depth(),
                        words("GIT_SUBMODULE_PATHS", ""),
                        words("GIT_SUBMODULE_UPDATE_FLAGS", ""));
    }

    private int depth() {
        String wish = variables.value("GIT_SUBMODULE_DEPTH");
        return wish.matches("\\d{1,9}") ? Integer.parseInt(wish) : payload.git().fetch().depth();
    }

    private GitFetch.Access access(String url) {
        URI uri;
        try {
            uri = URI.create(url);
        } catch (IllegalArgumentException e) {
            misfits.lacking("a repository whose address cannot be read");
            return GitFetch.Access.OPEN;
        }
        String server = uri.getScheme() + "://" + uri.getRawAuthority() + "/";
        boolean always = variables.isTrue("GIT_SUBMODULE_FORCE_HTTPS");
        String host = uri.getHost();
        return new GitFetch.Access(
                server,
                USER,
                new SecretValue(payload.token().reveal().getBytes(US_ASCII)),
                authorities,
                always ? List.of("git@" + host + ":", "ssh://git@" + host + "/") : List.of());
    }

    private List<String> words(String name, String usual) {
        String text = variables.value(name);
        return Stream.of(BLANKS.split(text.isEmpty() ? usual : text))
                .filter(word -> !word.isEmpty())
                .toList();
    }
}
