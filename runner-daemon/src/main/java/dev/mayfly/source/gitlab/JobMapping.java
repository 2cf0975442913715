package dev.mayfly.source.gitlab;

import dev.mayfly.job.ImageSpec;
import dev.mayfly.job.Inputs;
import dev.mayfly.job.JobEnvironment;
import dev.mayfly.job.JobSpec;
import dev.mayfly.job.NetworkAccess;
import dev.mayfly.job.PoolName;
import dev.mayfly.job.ResourceRequest;
import dev.mayfly.job.ServiceSpec;
import dev.mayfly.job.Steps;
import dev.mayfly.job.WorkspaceSource;
import dev.mayfly.source.gitlab.JobPayload.Image;
import dev.mayfly.source.gitlab.JobPayload.Service;
import dev.mayfly.source.gitlab.JobPayload.Step;
import dev.mayfly.source.gitlab.JobPayload.Variable;
import dev.mayfly.source.gitlab.JobPayload.Variable.Trait;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Makes a job of Mayfly's out of one of GitLab's, or says what of it would get lost: such a job is
 * refused, not run without it.
 */
final class JobMapping {

    private static final Set<String> STEPS = Set.of("script", "after_script");

    private final JobPayload payload;
    private final PoolName pool;
    private final NetworkAccess network;
    private final JobVariables variables;
    private final List<String> lacking = new ArrayList<>();

    private JobMapping(
            JobPayload payload, PoolName pool, NetworkAccess network, RunnerInfo runner) {
        this.payload = payload;
        this.pool = pool;
        this.network = network;
        this.variables = JobVariables.of(withRunners(payload, runner), name -> "");
    }

    /** What came out. */
    sealed interface Result {

        /** A job that loses nothing. */
        record Mapped(JobSpec spec) implements Result {}

        /**
         * A job that would not be the one its author wrote.
         *
         * @param lacking what of it, each in a few words
         */
        record Refused(List<String> lacking) implements Result {

            public Refused {
                lacking = List.copyOf(lacking);
            }
        }
    }

    /**
     * Maps a job.
     *
     * @param pool that the registration feeds
     * @param network as far as the pool's jobs may reach
     */
    static Result map(JobPayload payload, PoolName pool, NetworkAccess network, RunnerInfo runner) {
        JobMapping mapping = new JobMapping(payload, pool, network, runner);
        JobSpec spec = mapping.spec();
        return mapping.lacking.isEmpty()
                ? new Result.Mapped(spec)
                : new Result.Refused(mapping.lacking);
    }

    private JobSpec spec() {
        payload.work().beyond().forEach(keyword -> lacking.add("the keyword " + keyword));
        transfers();
        return new JobSpec(
                payload.facts().name(),
                pool,
                steps(),
                new JobEnvironment(image(), services(), network, ResourceRequest.NONE),
                new Inputs(values(), List.of(), workspace()),
                List.of());
    }

    private Steps steps() {
        List<String> script = new ArrayList<>();
        List<String> after = new ArrayList<>();
        for (Step step : payload.work().steps()) {
            if (!STEPS.contains(step.name())) {
                lacking.add("the step " + step.name());
            } else if (step.name().equals("script")) {
                script.addAll(step.script());
            } else {
                after.addAll(step.script());
            }
        }
        if (script.isEmpty()) {
            script.add(":"); // only where something is lacking, so it is never run
        }
        return new Steps(script, after, payload.work().timeout());
    }

    private @Nullable ImageSpec image() {
        Image image = payload.work().image();
        if (image == null) {
            return null;
        }
        lackingOf(image, "image");
        List<String> entrypoint =
                image.entrypoint() == null || image.entrypoint().equals(List.of(""))
                        ? List.of()
                        : image.entrypoint();
        return new ImageSpec(variables.expanded(image.name()), entrypoint);
    }

    private void lackingOf(Image image, String keyword) {
        if (!image.pullPolicies().isEmpty()) {
            lacking.add(keyword + ":pull_policy");
        }
        if (image.user() != null) {
            lacking.add(keyword + ":docker:user");
        }
        if (image.platform() != null) {
            lacking.add(keyword + ":docker:platform");
        }
        String name = variables.expanded(image.name());
        for (String registry : payload.transfers().registries()) {
            if (name.startsWith(registry + "/")) {
                lacking.add(keyword + " from a registry that needs the job's credentials");
            }
        }
    }

    private List<ServiceSpec> services() {
        List<ServiceSpec> services = new ArrayList<>();
        for (Service service : payload.work().services()) {
            lackingOf(service.image(), "services");
            if (service.image().entrypoint() != null) {
                lacking.add("services:entrypoint");
            }
            String image = variables.expanded(service.image().name());
            Set<String> names = new TreeSet<>(variables.expanded(service.aliases()));
            names.addAll(namesOf(image));
            if (names.size() > 1) {
                lacking.add("a service with several names: " + String.join(", ", names));
            }
            Map<String, String> environment = new LinkedHashMap<>(variables.publicValues());
            service.variables()
                    .forEach(v -> environment.put(v.key(), variables.expanded(v.value())));
            services.add(
                    new ServiceSpec(
                            image, names.iterator().next(), service.command(), environment));
        }
        return services;
    }

    /** The host names that an image's name makes: with the slashes as dashes and as underscores. */
    static Set<String> namesOf(String image) {
        String name = image;
        int digest = name.indexOf('@');
        if (digest >= 0) {
            name = name.substring(0, digest);
        }
        int tag = name.lastIndexOf(':');
        if (tag > name.lastIndexOf('/')) {
            name = name.substring(0, tag);
        }
        int slash = name.indexOf('/');
        int port = name.indexOf(':');
        if (port >= 0 && port < slash) {
            name = name.substring(0, port) + name.substring(slash);
        }
        name = name.toLowerCase(Locale.ROOT);
        return new TreeSet<>(List.of(name.replace("/", "-"), name.replace("/", "__")));
    }

    private Map<String, String> values() {
        Set<String> masked = new TreeSet<>();
        variables.with(Trait.MASKED).forEach(variable -> masked.add(variable.key()));
        if (!masked.isEmpty()) {
            lacking.add("masked variables: " + String.join(", ", masked));
        }
        Set<String> files = new TreeSet<>();
        variables.with(Trait.FILE).forEach(variable -> files.add(variable.key()));
        if (!files.isEmpty()) {
            lacking.add("file variables: " + String.join(", ", files));
        }
        return variables.values();
    }

    private WorkspaceSource workspace() {
        String strategy = variables.value("GIT_STRATEGY").toLowerCase(Locale.ROOT);
        if (strategy.equals("none") || strategy.equals("empty")) {
            return new WorkspaceSource.Empty();
        }
        // Without the job's token: it would show in the clone's address.
        lacking.add("sources that need the job's token");
        return new WorkspaceSource.Git(payload.git().url(), payload.git().sha());
    }

    private void transfers() {
        JobPayload.Transfers transfers = payload.transfers();
        if (transfers.artifacts() > 0) {
            lacking.add("artifacts");
        }
        if (transfers.caches() > 0) {
            lacking.add("cache");
        }
        if (transfers.dependencies() > 0) {
            lacking.add("artifacts of earlier jobs");
        }
    }

    /** Those of a runner before and after those of the payload, as GitLab's runner orders them. */
    private static List<Variable> withRunners(JobPayload payload, RunnerInfo runner) {
        Image image = payload.work().image();
        List<Variable> all = new ArrayList<>();
        if (image != null) {
            all.add(new Variable("CI_JOB_IMAGE", image.name(), Set.of(Trait.PUBLIC)));
        }
        all.add(JobVariables.plain("CI_SERVER", "yes"));
        all.add(JobVariables.plain("CI_JOB_STATUS", "running"));
        all.add(
                JobVariables.plain(
                        "CI_JOB_TIMEOUT", String.valueOf(payload.work().timeout().toSeconds())));
        all.addAll(payload.work().variables());
        all.add(JobVariables.plain("CI_DISPOSABLE_ENVIRONMENT", "true"));
        all.add(JobVariables.plain("CI_RUNNER_VERSION", runner.version()));
        all.add(JobVariables.plain("CI_RUNNER_REVISION", runner.revision()));
        all.add(JobVariables.plain("CI_RUNNER_EXECUTABLE_ARCH", "linux/" + runner.architecture()));
        return all;
    }
}
