package dev.mayfly.migration;

import static dev.mayfly.migration.Fate.NEEDLESS;
import static dev.mayfly.migration.Fate.OPEN;
import static dev.mayfly.migration.Fate.TAKEN;

import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** Every key of {@code config.toml}, as gitlab-runner 19.4 reads it, and some of older ones. */
public final class KeyRules {

    private static final String OTHER_EXECUTOR =
            "belongs to another executor: Mayfly runs jobs in containers of a Docker engine";

    private static final String OTHER_STORE =
            "only S3-compatible stores are supported; see cache in the configuration";

    private static final String STORE_KEY =
            "is not copied: write it into the file that the new configuration names, with mode"
                    + " 0600, or set cache.s3.credentials: aws_chain";

    private static final String STORE_ROLE =
            "the daemon reads and writes caches itself, and no job gets a key: give it a key, or its"
                    + " host a role, for the bucket alone";

    private static final String AT_THE_SERVER =
            "a pool sets no variables and runs no scripts of its own around jobs: ";

    private static final List<KeyRule> ALL =
            List.of(
                    taken("concurrent", "pools[].slots, together no more than this where possible"),
                    needless("check_interval", "Mayfly asks only with a free slot, and waits less"),
                    taken("log_level", "daemon.log.level; fatal and panic become error"),
                    taken("log_format", "daemon.log.format"),
                    taken("shutdown_timeout", "daemon.drain_timeout"),
                    needless("connection_max_age", "connections are renewed by themselves"),
                    open(
                            "listen_address",
                            "metrics are below api.listen: set that, and scrape /metrics there"),
                    open(
                            "metrics_server",
                            "metrics are below api.listen: set that, and scrape /metrics there"),
                    open(
                            "sentry_dsn",
                            "nothing is sent to Sentry: collect the daemon's log, with daemon.log.format: json"),
                    open(
                            "user",
                            "the daemon runs as the user that starts it: set User= in its systemd unit"),
                    open("labels", "runners carry no labels: use the name"),
                    open("session_server", "there is no interactive web terminal"),
                    open("machine", "no machines are made: start more hosts with a daemon each"),
                    open("experimental", "experiments of gitlab-runner have no counterpart"),
                    // -- a runner
                    taken(
                            "runners.name",
                            "sources.gitlab[].name and the pool's, in small letters and dashes"),
                    taken("runners.url", "sources.gitlab[].url"),
                    taken("runners.id", "the registration, by --register or mayfly register"),
                    taken(
                            "runners.token",
                            "the registration, by --register or mayfly register; never the configuration"),
                    taken("runners.token_obtained_at", "the registration"),
                    taken("runners.token_expires_at", "the registration; exchanged before it ends"),
                    taken("runners.tls-ca-file", "sources.gitlab[].ca_file"),
                    taken("runners.tls-cert-file", "sources.gitlab[].client_certificate"),
                    taken("runners.tls-key-file", "sources.gitlab[].client_key"),
                    taken("runners.limit", "pools[].slots"),
                    taken("runners.output_limit", "pools[].log_limit"),
                    taken("runners.executor", "docker needs no key; others are named below"),
                    needless(
                            "runners.request_concurrency",
                            "one question for jobs is open at a time, and asked again at once"),
                    needless("runners.strict_check_interval", "Mayfly paces itself"),
                    needless(
                            "runners.unhealthy_requests_limit",
                            "a server that fails is asked again within a minute, never given up for an hour"),
                    needless(
                            "runners.unhealthy_interval",
                            "a server that fails is asked again within a minute, never given up for an hour"),
                    needless(
                            "runners.job_status_final_update_retry_limit",
                            "a job's end is told until the server has it, over a restart too"),
                    open(
                            "runners.experimental",
                            "experiments of gitlab-runner have no counterpart"),
                    open("runners.labels", "runners carry no labels: use the name"),
                    needless(
                            "runners.builds_dir",
                            "sources are in a volume of the job that is gone with it"),
                    needless(
                            "runners.cache_dir",
                            "caches are in cache.path, and no directory of the host is mounted into a job"),
                    open(
                            "runners.clone_url",
                            "the address that the server sends is used: make that one reachable (external_url, or the host's name resolution)"),
                    open(
                            "runners.environment",
                            "values may be secret, so none is read: write those that are not into"
                                    + " sources.gitlab[].variables, set the others at the server; the"
                                    + " value of DOCKER_AUTH_CONFIG goes into a file that"
                                    + " pools[].registry_logins names"),
                    open(
                            "runners.pre_get_sources_script",
                            AT_THE_SERVER
                                    + "use hooks:pre_get_sources_script in the pipeline, or default:hooks"),
                    open(
                            "runners.post_get_sources_script",
                            AT_THE_SERVER + "use before_script in the pipeline's default"),
                    open(
                            "runners.pre_clone_script",
                            AT_THE_SERVER
                                    + "use hooks:pre_get_sources_script in the pipeline, or default:hooks"),
                    open(
                            "runners.post_clone_script",
                            AT_THE_SERVER + "use before_script in the pipeline's default"),
                    open(
                            "runners.pre_build_script",
                            AT_THE_SERVER + "use before_script in the pipeline's default"),
                    open(
                            "runners.post_build_script",
                            AT_THE_SERVER + "use after_script in the pipeline's default"),
                    needless(
                            "runners.proxy_exec",
                            "masking is done outside of the job's containers"),
                    needless(
                            "runners.prepare_timeout",
                            "engine.call_timeout and engine.pull_timeout bound the preparation"),
                    needless("runners.get_sources_timeout", "the job's own limit bounds it"),
                    open(
                            "runners.debug_trace_disabled",
                            "CI_DEBUG_TRACE works as the server allows it: restrict who may set variables"),
                    needless(
                            "runners.safe_directory_checkout",
                            "git runs as the owner of the sources"),
                    needless(
                            "runners.clean_git_config",
                            "each job has a git configuration of its own, without logins"),
                    open(
                            "runners.shell",
                            "scripts run in bash, or in sh where the image has no bash; there is no PowerShell"),
                    needless(
                            "runners.custom_build_dir", "GIT_CLONE_PATH works below CI_BUILDS_DIR"),
                    open("runners.referees", "metrics of jobs are below api.listen, at /metrics"),
                    open("runners.monitoring", "metrics of jobs are below api.listen, at /metrics"),
                    needless("runners.artifact", "uploads are tried again by themselves"),
                    needless(
                            "runners.feature_flags",
                            "they switch code of gitlab-runner; variables such as FF_TIMESTAMPS can be set in a pipeline"),
                    open("runners.use_slot_cgroups", "limit the pool: memory, cpus, pids"),
                    open("runners.slot_cgroup_template", "limit the pool: memory, cpus, pids"),
                    open("runners.step_runner_image", "steps (run) are not supported"),
                    taken("runners.cache.Type", "cache.store, where it is s3; others are named"),
                    taken("runners.cache.Path", "cache.s3.prefix"),
                    needless(
                            "runners.cache.Shared",
                            "runners of one server that feed pools of one name share caches, on all hosts that name the bucket"),
                    taken("runners.cache.MaxUploadedArchiveSize", "cache.max_entry, with s3"),
                    taken(
                            "runners.cache.s3.ServerAddress",
                            "cache.s3.endpoint; none for AWS, where the region tells"),
                    open("runners.cache.s3.AccessKey", STORE_KEY),
                    open("runners.cache.s3.SecretKey", STORE_KEY),
                    open("runners.cache.s3.SessionToken", STORE_KEY),
                    taken("runners.cache.s3.BucketName", "cache.s3.bucket"),
                    taken("runners.cache.s3.BucketLocation", "cache.s3.region"),
                    taken("runners.cache.s3.Insecure", "cache.s3.endpoint and plain_http"),
                    taken("runners.cache.s3.PathStyle", "cache.s3.path_style"),
                    taken("runners.cache.s3.AuthenticationType", "cache.s3.credentials"),
                    open(
                            "runners.cache.s3.ServerSideEncryption",
                            "set the bucket's default encryption"),
                    open(
                            "runners.cache.s3.ServerSideEncryptionKeyID",
                            "set the bucket's default encryption"),
                    open("runners.cache.s3.DualStack", "set cache.s3.endpoint to the one to use"),
                    open("runners.cache.s3.Accelerate", "is not supported: transfers are direct"),
                    open("runners.cache.s3.RoleARN", STORE_ROLE),
                    open("runners.cache.s3.UploadRoleARN", STORE_ROLE),
                    needless("runners.cache.s3.AssumeRoleMaxConcurrency", "no roles are assumed"),
                    needless(
                            "runners.cache.s3.DisableAssumeRoleCredentialsCaching",
                            "no roles are assumed"),
                    open("runners.cache.gcs", OTHER_STORE),
                    open("runners.cache.azure", OTHER_STORE),
                    open(
                            "runners.cache",
                            "caches are in a directory of this host or in an S3-compatible store: see cache in the configuration"),
                    // -- the docker executor
                    taken("runners.docker.host", "engine.host, one for the whole daemon"),
                    taken("runners.docker.tls_cert_path", "engine.cert_dir"),
                    needless("runners.docker.tls_verify", "both sides of TLS are always checked"),
                    taken("runners.docker.image", "pools[].image"),
                    taken("runners.docker.memory", "pools[].memory, for each container"),
                    needless("runners.docker.memory_swap", "there is no swap"),
                    needless("runners.docker.memory_reservation", "memory is a hard limit"),
                    taken("runners.docker.cpus", "pools[].cpus, for each container"),
                    open("runners.docker.cpu_shares", "pools have hard limits only: pools[].cpus"),
                    open(
                            "runners.docker.cpuset_cpus",
                            "pools[].cpus limits the share; to keep processors free, limit the engine's service"),
                    open("runners.docker.cpuset_mems", "limit the engine's service"),
                    open("runners.docker.cgroup_parent", "limit the pool: memory, cpus, pids"),
                    open("runners.docker.hostname", "a container's name cannot be chosen"),
                    open(
                            "runners.docker.runtime",
                            "the engine's default runtime is used: set default-runtime in its daemon.json"),
                    open(
                            "runners.docker.privileged",
                            "no job is ever privileged: build images with a tool that needs no daemon, such as buildah or kaniko in its unprivileged mode, or keep gitlab-runner for these jobs"),
                    open(
                            "runners.docker.services_privileged",
                            "no service is ever privileged: docker:dind cannot run"),
                    needless(
                            "runners.docker.disable_entrypoint_overwrite",
                            "an image's ENTRYPOINT is not used; one of the pipeline is"),
                    open(
                            "runners.docker.user",
                            "pools[].user says image or non-root; a job can say image:docker:user"),
                    open(
                            "runners.docker.allowed_users",
                            "pools[].user: non-root keeps root out; there is no list"),
                    open(
                            "runners.docker.group_add",
                            "containers get no more groups: set them in the image"),
                    open(
                            "runners.docker.userns_mode",
                            "set userns-remap in the engine's daemon.json"),
                    open(
                            "runners.docker.cap_add",
                            "containers have a short fixed list of capabilities, nothing can be added"),
                    needless(
                            "runners.docker.cap_drop",
                            "everything that is not needed is dropped already"),
                    open(
                            "runners.docker.oom_kill_disable",
                            "a job that needs too much memory is ended, and the log says so"),
                    open(
                            "runners.docker.oom_score_adjust",
                            "pools[].memory is the way to bound a job"),
                    open(
                            "runners.docker.security_opt",
                            "for seccomp set pools[].seccomp_profile to the profile's path; no-new-privileges is always on"),
                    open(
                            "runners.docker.services_security_opt",
                            "for seccomp set pools[].seccomp_profile to the profile's path; no-new-privileges is always on"),
                    open("runners.docker.devices", "no device of the host is given to a job"),
                    open(
                            "runners.docker.device_cgroup_rules",
                            "no device of the host is given to a job"),
                    open(
                            "runners.docker.services_devices",
                            "no device of the host is given to a service"),
                    open("runners.docker.gpus", "no device of the host is given to a job"),
                    open(
                            "runners.docker.service_gpus",
                            "no device of the host is given to a service"),
                    open("runners.docker.dns", "set dns in the engine's daemon.json"),
                    open("runners.docker.dns_search", "set dns-search in the engine's daemon.json"),
                    open(
                            "runners.docker.extra_hosts",
                            "let the name resolution of the engine's host know these names"),
                    open("runners.docker.links", "use services, which are reached by their alias"),
                    open(
                            "runners.docker.network_mode",
                            "each job has a network of its own: pools[].network says full or none; a network that exists already cannot be joined"),
                    open("runners.docker.network_mtu", "set mtu in the engine's daemon.json"),
                    needless(
                            "runners.docker.enable_ipv6",
                            "a job's network is as the engine makes it"),
                    open("runners.docker.pid_mode", "each container has its own processes"),
                    open("runners.docker.ipcmode", "each container has its own memory segments"),
                    open("runners.docker.mac_address", "the engine chooses it"),
                    needless("runners.docker.disable_cache", "no volume outlives a job"),
                    open(
                            "runners.docker.volumes",
                            "no directory of the host and no volume is mounted into a job: bring files as sources, artifacts, cache or secrets, or put them into the image"),
                    open(
                            "runners.docker.volumes_from",
                            "no volume is mounted into a job: put the files into the image"),
                    needless("runners.docker.volume_keep", "no volume outlives a job"),
                    needless("runners.docker.volume_driver", "no volume outlives a job"),
                    needless("runners.docker.volume_driver_ops", "no volume outlives a job"),
                    needless(
                            "runners.docker.cache_dir",
                            "caches are in cache.path, and no directory of the host is mounted into a job"),
                    open(
                            "runners.docker.services",
                            "a pool adds no services: name them in the pipeline's default"),
                    open(
                            "runners.docker.services_limit",
                            "a service counts against the host, not against a number: bound it by pools[].memory"),
                    open(
                            "runners.docker.service_memory",
                            "pools[].memory bounds each container, services too"),
                    needless("runners.docker.service_memory_swap", "there is no swap"),
                    needless("runners.docker.service_memory_reservation", "memory is a hard limit"),
                    open(
                            "runners.docker.service_cgroup_parent",
                            "limit the pool: memory, cpus, pids"),
                    open(
                            "runners.docker.service_slot_cgroup_template",
                            "limit the pool: memory, cpus, pids"),
                    open(
                            "runners.docker.service_cpuset_cpus",
                            "pools[].cpus bounds each container, services too"),
                    open(
                            "runners.docker.service_cpus",
                            "pools[].cpus bounds each container, services too"),
                    open(
                            "runners.docker.service_cpu_shares",
                            "pools[].cpus bounds each container, services too"),
                    needless(
                            "runners.docker.wait_for_services_timeout",
                            "services are waited for, and one that fails is shown with its log"),
                    taken(
                            "runners.docker.allowed_images",
                            "pools[].allowed_images, compared by what names mean; for a name with a digest write PATTERN@* where a pattern asks for certain tags"),
                    taken(
                            "runners.docker.allowed_services",
                            "pools[].allowed_services, compared like allowed_images"),
                    needless(
                            "runners.docker.allowed_privileged_images",
                            "nothing is ever privileged"),
                    needless(
                            "runners.docker.allowed_privileged_services",
                            "nothing is ever privileged"),
                    taken(
                            "runners.docker.pull_policy",
                            "pools[].pull_policy, each tried where the one before has failed; always where it is not set"),
                    taken("runners.docker.allowed_pull_policies", "pools[].allowed_pull_policies"),
                    open("runners.docker.isolation", "Windows containers are not supported"),
                    open(
                            "runners.docker.shm_size",
                            "/dev/shm is as the engine makes it: set default-shm-size in its daemon.json"),
                    open(
                            "runners.docker.tmpfs",
                            "/tmp is in memory: pools[].tmp is its size; others cannot be added"),
                    open(
                            "runners.docker.services_tmpfs",
                            "/tmp is in memory: pools[].tmp is its size; others cannot be added"),
                    open(
                            "runners.docker.sysctls",
                            "set them on the engine's host, where they are not per network"),
                    needless(
                            "runners.docker.helper_image",
                            "the agent image (agent.image) does that work"),
                    needless(
                            "runners.docker.helper_image_flavor",
                            "the agent image (agent.image) does that work"),
                    needless(
                            "runners.docker.container_labels",
                            "containers carry Mayfly's labels: daemon, job, role"),
                    taken("runners.docker.ulimit.nofile", "pools[].open_files"),
                    open(
                            "runners.docker.ulimit",
                            "nofile is pools[].open_files and nproc is pools[].pids; others are the engine's: default-ulimits in its daemon.json"),
                    needless(
                            "runners.docker.log_options",
                            "a job's output is not kept by the engine"),
                    // -- other executors
                    open("runners.ssh", OTHER_EXECUTOR),
                    open("runners.parallels", OTHER_EXECUTOR),
                    open("runners.virtualbox", OTHER_EXECUTOR),
                    open(
                            "runners.machine",
                            "no machines are made: start more hosts with a daemon each"),
                    open(
                            "runners.autoscaler",
                            "no machines are made: start more hosts with a daemon each"),
                    open("runners.instance", OTHER_EXECUTOR),
                    open("runners.kubernetes", OTHER_EXECUTOR),
                    open("runners.custom", OTHER_EXECUTOR));

    private KeyRules() {}

    private static KeyRule taken(String key, String remark) {
        return new KeyRule(key, TAKEN, remark);
    }

    private static KeyRule needless(String key, String remark) {
        return new KeyRule(key, NEEDLESS, remark);
    }

    private static KeyRule open(String key, String remark) {
        return new KeyRule(key, OPEN, remark);
    }

    /** In the order of the sections. */
    public static List<KeyRule> all() {
        return ALL;
    }

    /**
     * The rule of a key, or of the nearest one above it.
     *
     * @param key without indices; upper and lower case are the same, as for gitlab-runner
     */
    static Optional<KeyRule> of(String key) {
        for (String rest = key.toLowerCase(Locale.ROOT); !rest.isEmpty(); rest = above(rest)) {
            for (KeyRule rule : ALL) {
                if (rule.key().equalsIgnoreCase(rest)) {
                    return Optional.of(rule);
                }
            }
        }
        return Optional.empty();
    }

    private static String above(String key) {
        int dot = key.lastIndexOf('.');
        return dot < 0 ? "" : key.substring(0, dot);
    }
}
