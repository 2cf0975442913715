package dev.mayfly.source.gitlab;

import dev.mayfly.job.Dependency;
import dev.mayfly.job.FileSelection;
import dev.mayfly.job.GitFetch;
import dev.mayfly.job.RegistryLogin;
import java.time.Duration;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A job as the server hands it out: what Mayfly reads of it.
 *
 * @param facts what the job is
 * @param token its own; valid while it runs
 * @param git its sources
 * @param work what is run, and in what
 * @param transfers what comes from and goes to other jobs
 */
record JobPayload(JobFacts facts, GitLabToken token, GitFacts git, Work work, Transfers transfers) {

    /**
     * What a job is.
     *
     * @param id its number
     * @param name as in the pipeline
     * @param stage as in the pipeline
     * @param project whose it is
     * @param server what the server can do
     */
    record JobFacts(
            long id, String name, String stage, ProjectFacts project, ServerFeatures server) {}

    /**
     * Whose a job is. What a server of an older version does not say is empty.
     *
     * @param id the project's number
     * @param path of the project, with its groups
     * @param pipeline its number
     * @param user the number of who started it
     */
    record ProjectFacts(long id, String path, String pipeline, String user) {}

    /**
     * What the server can do.
     *
     * @param sections whether it folds the sections of a log
     * @param failureReasons those it knows
     * @param maskedPrefixes what tokens start with that are to be masked wherever they appear
     */
    record ServerFeatures(
            boolean sections, Set<String> failureReasons, List<String> maskedPrefixes) {

        ServerFeatures {
            failureReasons = Set.copyOf(failureReasons);
            maskedPrefixes = List.copyOf(maskedPrefixes);
        }
    }

    /**
     * A job's sources.
     *
     * @param url of the repository, its credentials taken out
     * @param ref the branch or tag, or the ref of a merge request
     * @param tag whether it is a tag
     * @param sha full hash of the commit
     * @param protectedRef whether the ref is protected; false where the server does not say
     * @param fetch how to get it
     */
    record GitFacts(
            String url, String ref, boolean tag, String sha, boolean protectedRef, Fetch fetch) {}

    /**
     * How sources are fetched.
     *
     * @param refspecs what to fetch
     * @param depth of the history, 0 for all of it
     * @param incremental whether an earlier clone may be used; Mayfly never has one
     */
    record Fetch(List<String> refspecs, int depth, boolean incremental) {

        Fetch {
            refspecs = List.copyOf(refspecs);
        }
    }

    /**
     * What is run.
     *
     * @param steps in order; one is called {@code script}
     * @param timeout of the whole job
     * @param variables in the server's order; a later one of the same name counts
     * @param image null for the runner's own
     * @param services beside the job
     * @param hooks what runs around the fetching of the sources
     * @param secrets by the names of their variables
     * @param beyond keywords of the job that are no part of this record, in the words of a pipeline
     */
    record Work(
            List<Step> steps,
            Duration timeout,
            List<Variable> variables,
            @Nullable Image image,
            List<Service> services,
            GitFetch.Hooks hooks,
            Map<String, SecretWish> secrets,
            List<String> beyond) {

        Work {
            steps = List.copyOf(steps);
            variables = List.copyOf(variables);
            services = List.copyOf(services);
            secrets = Collections.unmodifiableMap(new LinkedHashMap<>(secrets));
            beyond = List.copyOf(beyond);
        }

        /** Whether its log shows what others must not see. */
        boolean shown() {
            return JobVariables.isTrueText(value(variables, JobMapping.DEBUG));
        }

        /**
         * Whether each line of its log shall say when it was printed: as its author wishes, and
         * otherwise where the server shows that apart from the line, as GitLab does from 17.2 on.
         */
        boolean stamped() {
            return stamped(variables);
        }

        static boolean stamped(List<Variable> variables) {
            String wish = value(variables, "FF_TIMESTAMPS");
            if (!wish.isEmpty()) {
                return JobVariables.isTrueText(wish);
            }
            int major = number(value(variables, "CI_SERVER_VERSION_MAJOR"));
            int minor = number(value(variables, "CI_SERVER_VERSION_MINOR"));
            return major > 17 || (major == 17 && minor >= 2);
        }

        private static String value(List<Variable> variables, String key) {
            return variables.stream()
                    .filter(variable -> variable.key().equals(key))
                    .reduce((_, last) -> last)
                    .map(Variable::value)
                    .orElse("");
        }

        private static int number(String text) {
            return text.matches("[0-9]{1,4}") ? Integer.parseInt(text) : 0;
        }
    }

    /**
     * A part of a job's commands.
     *
     * @param name {@code script}, {@code after_script}, or what the server makes up
     * @param script its lines, as the author wrote them
     */
    record Step(String name, List<String> script) {

        Step {
            script = List.copyOf(script);
        }
    }

    /**
     * A variable.
     *
     * @param key its name
     * @param value may hold a secret: see {@code masked}
     * @param traits what is special about it
     */
    record Variable(String key, String value, Set<Trait> traits) {

        /** What can be special about a variable. */
        enum Trait {
            /** Services may see it. */
            PUBLIC,
            /** Its value must not appear in the log. */
            MASKED,
            /** The value goes to a file, and the variable holds the file's path. */
            FILE,
            /** References in it are not expanded. */
            RAW
        }

        Variable {
            traits = Set.copyOf(traits);
        }

        boolean is(Trait trait) {
            return traits.contains(trait);
        }

        /** Leaves the value out. */
        @Override
        public String toString() {
            return "Variable[" + key + "]";
        }
    }

    /**
     * A secret to be fetched.
     *
     * @param file whether the variable is to hold the path of a file
     * @param providers those that are named; there should be one
     * @param vault where it is in Vault, or null where that is not the provider
     */
    record SecretWish(boolean file, List<String> providers, @Nullable VaultPlace vault) {

        SecretWish {
            providers = List.copyOf(providers);
        }
    }

    /**
     * A place in a Vault, and as whom to ask there; all texts unexpanded.
     *
     * @param url of the server
     * @param namespace or empty
     * @param method by which to log in
     * @param mount of the method, or empty
     * @param role or empty
     * @param token the identity token, as a rule by reference to a variable
     * @param engine {@code kv-v2}, {@code kv-v1} or {@code generic}
     * @param enginePath where the engine is mounted
     * @param path below that
     * @param field of what is there
     */
    record VaultPlace(
            String url,
            String namespace,
            String method,
            String mount,
            String role,
            String token,
            String engine,
            String enginePath,
            String path,
            String field) {

        /** Leaves the token out, which may stand there itself. */
        @Override
        public String toString() {
            return "VaultPlace[" + enginePath + " " + path + "]";
        }
    }

    /**
     * An image.
     *
     * @param name unexpanded
     * @param entrypoint null for the image's own; one empty text for none
     * @param pullPolicies empty for the runner's
     * @param user to run as, or null for the image's
     * @param platform or null for the host's
     */
    record Image(
            String name,
            @Nullable List<String> entrypoint,
            List<String> pullPolicies,
            @Nullable String user,
            @Nullable String platform) {

        Image {
            entrypoint = entrypoint == null ? null : List.copyOf(entrypoint);
            pullPolicies = List.copyOf(pullPolicies);
        }
    }

    /**
     * A container beside the job.
     *
     * @param image what it runs
     * @param aliases its host names beside those that the image's name makes
     * @param command empty for the image's
     * @param variables of its own
     */
    record Service(
            Image image, List<String> aliases, List<String> command, List<Variable> variables) {

        Service {
            aliases = List.copyOf(aliases);
            command = List.copyOf(command);
            variables = List.copyOf(variables);
        }
    }

    /**
     * What comes from and goes to other jobs.
     *
     * @param artifacts what is kept, reports too
     * @param caches what is looked for and saved
     * @param dependencies whose artifacts are wanted: those with an archive
     * @param tokens of the dependencies, by their ids
     * @param registries to which the job has credentials
     */
    record Transfers(
            List<ArtifactWish> artifacts,
            List<CacheWish> caches,
            List<Dependency> dependencies,
            Map<String, GitLabToken> tokens,
            List<RegistryLogin> registries) {

        Transfers {
            artifacts = List.copyOf(artifacts);
            caches = List.copyOf(caches);
            dependencies = List.copyOf(dependencies);
            tokens = Map.copyOf(tokens);
            registries = List.copyOf(registries);
        }
    }

    /**
     * Files to keep; all texts unexpanded.
     *
     * @param type {@code archive}, or of which report
     * @param format {@code zip}, {@code gzip} or {@code raw}; empty for the usual
     * @param name of the file
     * @param expireIn how long, or empty
     * @param when after which outcomes; empty for the usual
     * @param files which
     */
    record ArtifactWish(
            String type,
            String format,
            String name,
            String expireIn,
            String when,
            FileSelection files) {}

    /**
     * Files to find again; all texts unexpanded.
     *
     * @param key of the project's caches; empty for the usual
     * @param fallbackKeys what else will do
     * @param policy {@code pull}, {@code push} or both; empty for both
     * @param when after which outcomes it is saved; empty for the usual
     * @param files which
     */
    record CacheWish(
            String key,
            List<String> fallbackKeys,
            String policy,
            String when,
            FileSelection files) {

        CacheWish {
            fallbackKeys = List.copyOf(fallbackKeys);
        }
    }
}
