package dev.mayfly.config;

import dev.mayfly.execution.PoolTerms;
import dev.mayfly.job.AllowedImages;
import dev.mayfly.job.ImageSpec;
import dev.mayfly.job.PoolName;
import dev.mayfly.job.PullPolicy;
import dev.mayfly.job.SecretValue;
import dev.mayfly.logs.Masking;
import dev.mayfly.logs.Variant;
import dev.mayfly.policy.PoolRules;
import dev.mayfly.sandbox.Barrier;
import dev.mayfly.sandbox.DiskLimits;
import dev.mayfly.sandbox.Hardening;
import dev.mayfly.sandbox.SandboxLimits;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Turns a configuration without problems into settings. */
final class SettingsBinding {

    static final String CREDENTIAL = "credential:";
    private static final String UNIX = "unix:";

    private final Environment environment;
    private final Path directory;
    private final SeccompProfiles seccomp;
    private final TokenRuleFiles tokenRules;
    private final RegistryLoginFiles registryLogins;

    /**
     * Prepares the binding of one document.
     *
     * @param directory where relative paths start
     */
    SettingsBinding(
            Environment environment,
            Path directory,
            SeccompProfiles seccomp,
            TokenRuleFiles tokenRules,
            RegistryLoginFiles registryLogins) {
        this.registryLogins = registryLogins;
        this.tokenRules = tokenRules;
        this.environment = environment;
        this.directory = directory;
        this.seccomp = seccomp;
    }

    MayflySettings settings(Section root) {
        DaemonSettings daemon = daemon(root.section("daemon"));
        AgentSettings agent = new AgentSettings(root.section("agent").text("image"));
        EngineSettings engine = engine(root.section("engine"));
        List<PoolSettings> pools =
                root.sections("pools").stream().map(pool -> pool(pool, agent, engine)).toList();
        return new MayflySettings(
                daemon,
                engine,
                agent,
                api(root.section("api"), daemon.stateDirectory()),
                pools,
                policy(root.section("policy")),
                local(root.section("sources").section("local"), pools),
                root.section("sources").sections("gitlab").stream().map(this::gitlab).toList(),
                exchange(root.section("artifacts"), root.section("cache"), daemon.stateDirectory()),
                secrets(
                        root.section("secrets").section("file"),
                        daemon.stateDirectory(),
                        new VaultBinding(root).settings(directory).orElse(null)),
                audit(root.section("audit"), daemon.stateDirectory()));
    }

    private AuditSettings audit(Section section, Path stateDirectory) {
        return new AuditSettings(
                path(section, "dir", stateDirectory.resolve("audit")),
                path(section, "key", stateDirectory.resolve("audit.key")),
                section.duration("keep"),
                section.bytes("max_size"),
                section.bytes("file_size"));
    }

    private DaemonSettings daemon(Section section) {
        Section log = section.section("log");
        return new DaemonSettings(
                path(section, "state_dir", environment.stateDirectory()),
                section.duration("drain_timeout"),
                section.bytes("log_spool"),
                new LogSettings(
                        LogSettings.Format.valueOf(constant(log, "format")),
                        LogSettings.Level.valueOf(constant(log, "level"))));
    }

    private EngineSettings engine(Section section) {
        String host =
                section.has("host")
                        ? section.text("host")
                        : environment.variable("DOCKER_HOST").orElse("unix:///var/run/docker.sock");
        return new EngineSettings(
                URI.create(host),
                host.startsWith("tcp:") ? engineCertificates(section) : null,
                host.startsWith("ssh:") ? file(section, "ssh_config") : null,
                section.duration("call_timeout"),
                section.duration("pull_timeout"),
                section.bytes("min_free"),
                section.flag("allow_no_limits"));
    }

    private @Nullable Path engineCertificates(Section section) {
        return section.has("cert_dir")
                ? file(section, "cert_dir")
                : EngineCertificates.ofEnvironment(environment).orElse(null);
    }

    private ApiSettings api(Section section, Path stateDirectory) {
        return new ApiSettings(
                listen(section.text("listen")),
                section.has("token")
                        ? new SecretValue(section.text("token").getBytes(StandardCharsets.UTF_8))
                        : null,
                stateDirectory.resolve("api.token"));
    }

    private static ApiSettings.Listen listen(String address) {
        if (address.startsWith(UNIX)) {
            return new ApiSettings.Listen.UnixSocket(
                    Path.of(address.substring(UNIX.length())).normalize());
        }
        int colon = address.lastIndexOf(':');
        String host = address.substring(0, colon);
        return new ApiSettings.Listen.Tcp(
                host.startsWith("[") ? host.substring(1, host.length() - 1) : host,
                Integer.parseInt(address.substring(colon + 1)));
    }

    private PoolSettings pool(Section section, AgentSettings agent, EngineSettings usual) {
        return new PoolSettings(
                new PoolTerms(
                        new PoolName(section.text("name")),
                        image(section, agent),
                        EgressBinding.network(section),
                        section.duration("timeout"),
                        new SandboxLimits(
                                section.bytes("memory"),
                                section.decimal("cpus"),
                                section.number("pids"),
                                section.number("open_files"),
                                section.bytes("tmp"),
                                new DiskLimits(section.bytes("disk"), section.number("files"))),
                        new Hardening(
                                section.flag("read_only_root"),
                                Hardening.User.valueOf(constant(section, "user")),
                                seccomp.of(section),
                                barrier(section)),
                        section.bytes("log_limit"),
                        masking(section.section("masking")),
                        pull(section),
                        registryLogins.of(section),
                        EgressBinding.policy(section),
                        ImagesBinding.rules(section.section("images"))),
                section.number("slots"),
                rules(section.section("policy")),
                section.flag("protected"),
                allowed(section),
                section.has("engine") ? engine(section.section("engine")) : usual);
    }

    private static Barrier barrier(Section section) {
        return new Barrier(
                section.has("runtime") ? section.text("runtime") : "",
                section.has("apparmor_profile") ? section.text("apparmor_profile") : "",
                section.flag("user_namespace"));
    }

    /** The agent's image is built on the host, and in no registry. */
    private static ImageSpec image(Section section, AgentSettings agent) {
        String image = section.has("image") ? section.text("image") : agent.image();
        return new ImageSpec(
                image,
                List.of(),
                null,
                image.equals(agent.image()) ? List.of(PullPolicy.IF_NOT_PRESENT) : List.of());
    }

    /**
     * When images are fetched; empty for what the source's users are used to, unless the pool does
     * not allow one of that.
     */
    private static List<PullPolicy> pull(Section section) {
        if (section.has("pull_policy")) {
            return policies(section, "pull_policy");
        }
        List<PullPolicy> allowed = policies(section, "allowed_pull_policies");
        List<PullPolicy> usual = List.of(PullPolicy.ALWAYS, PullPolicy.IF_NOT_PRESENT);
        return allowed.isEmpty() || allowed.containsAll(usual)
                ? List.of()
                : List.of(
                        usual.stream()
                                .filter(allowed::contains)
                                .findFirst()
                                .orElse(PullPolicy.NEVER));
    }

    private static List<PullPolicy> policies(Section section, String key) {
        return section.texts(key).stream()
                .map(word -> PullPolicy.valueOf(word.toUpperCase(Locale.ROOT).replace('-', '_')))
                .toList();
    }

    /** A pool that says how images are pulled means it, unless it lets jobs say otherwise. */
    private static AllowedImages allowed(Section section) {
        Set<PullPolicy> policies =
                Set.copyOf(
                        policies(
                                section,
                                section.has("allowed_pull_policies")
                                        ? "allowed_pull_policies"
                                        : "pull_policy"));
        return new AllowedImages(
                ImagesBinding.allowedImages(section),
                ImagesBinding.patterns(section, "allowed_services"),
                policies.isEmpty() ? AllowedImages.ALL.policies() : policies);
    }

    private static PoolRules rules(Section section) {
        return new PoolRules(
                PoolRules.Forks.valueOf(constant(section, "forks")),
                section.text("refs").equals("protected"),
                section.texts("projects"),
                section.texts("environments"),
                section.texts("approve_environments"));
    }

    private PolicySettings policy(Section section) {
        return new PolicySettings(
                section.texts("files").stream()
                        .map(file -> directory.resolve(file).toAbsolutePath().normalize())
                        .toList(),
                section.duration("approval_expires"));
    }

    private Masking masking(Section section) {
        Set<Variant> variants = EnumSet.allOf(Variant.class);
        for (String off : section.texts("off")) {
            variants.remove(Variant.valueOf(off.toUpperCase(Locale.ROOT)));
        }
        return new Masking(
                section.number("shortest"),
                variants,
                section.flag("names"),
                tokenRules.of(section));
    }

    private static LocalSourceSettings local(Section section, List<PoolSettings> pools) {
        List<PoolName> byTrust = pools.stream().map(pool -> pool.terms().pool()).toList();
        List<PoolName> feeds =
                section.has("feeds")
                        ? section.texts("feeds").stream().map(PoolName::new).toList()
                        : List.of(byTrust.getLast());
        PoolName leastTrusted =
                feeds.stream().max(Comparator.comparingInt(byTrust::indexOf)).orElseThrow();
        return new LocalSourceSettings(
                feeds,
                section.has("default") ? new PoolName(section.text("default")) : leastTrusted,
                section.number("max_queued"),
                section.duration("keep_finished"));
    }

    private GitLabSettings gitlab(Section section) {
        return new GitLabSettings(
                section.text("name"),
                section.text("url"),
                new PoolName(section.text("pool")),
                section.flag("protected"),
                section.flag("rotate_token"),
                new GitLabSettings.Tls(
                        file(section, "ca_file"),
                        file(section, "client_certificate"),
                        file(section, "client_key")),
                variables(section.section("variables")),
                section.has("id_token")
                        ? identity(section.section("id_token"), section.text("url"))
                        : null);
    }

    private static Map<String, String> variables(Section section) {
        Map<String, String> variables = new LinkedHashMap<>();
        section.keys().stream()
                .filter(section::has)
                .forEach(name -> variables.put(name, section.text(name)));
        return variables;
    }

    private static GitLabSettings.IdToken identity(Section section, String url) {
        String issuer = section.has("issuer") ? section.text("issuer") : withoutSlash(url);
        return new GitLabSettings.IdToken(
                section.text("variable"),
                issuer,
                section.text("audience"),
                URI.create(
                        section.has("keys")
                                ? section.text("keys")
                                : withoutSlash(issuer) + "/oauth/discovery/keys"),
                section.flag("required"));
    }

    private static String withoutSlash(String address) {
        return address.endsWith("/") ? address.substring(0, address.length() - 1) : address;
    }

    private @Nullable Path file(Section section, String key) {
        return section.has(key)
                ? directory.resolve(section.text(key)).toAbsolutePath().normalize()
                : null;
    }

    private ExchangeSettings exchange(Section artifacts, Section cache, Path stateDirectory) {
        return new ExchangeSettings(
                artifacts.bytes("max_archive"),
                artifacts.bytes("max_unpacked"),
                artifacts.number("max_files"),
                new CacheBinding(cache).settings(directory, stateDirectory.resolve("cache")));
    }

    private SecretsSettings secrets(
            Section section, Path stateDirectory, @Nullable VaultSettings vault) {
        Path file = path(section, "path", stateDirectory.resolve("secrets.enc"));
        if (section.has("key") && section.text("key").startsWith(CREDENTIAL)) {
            String name = section.text("key").substring(CREDENTIAL.length());
            return new SecretsSettings(
                    file, environment.credentialsDirectory().orElseThrow().resolve(name), vault);
        }
        return new SecretsSettings(
                file, path(section, "key", stateDirectory.resolve("secrets.key")), vault);
    }

    private Path path(Section section, String key, Path otherwise) {
        Path path = section.has(key) ? Path.of(section.text(key)) : otherwise;
        return directory.resolve(path).toAbsolutePath().normalize();
    }

    private static String constant(Section section, String key) {
        return section.text(key).toUpperCase(Locale.ROOT).replace('-', '_');
    }
}
