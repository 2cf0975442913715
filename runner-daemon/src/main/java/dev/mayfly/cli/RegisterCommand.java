package dev.mayfly.cli;

import dev.mayfly.config.AddedRunner;
import dev.mayfly.config.Environment;
import dev.mayfly.config.GitLabSettings;
import dev.mayfly.config.MayflySettings;
import dev.mayfly.config.PoolSettings;
import dev.mayfly.config.Transport;
import dev.mayfly.job.PoolName;
import dev.mayfly.source.gitlab.GitLabToken;
import dev.mayfly.source.gitlab.NewRunner;
import dev.mayfly.source.gitlab.Registration;
import dev.mayfly.source.gitlab.RegistrationAnswer;
import dev.mayfly.source.gitlab.Registrations;
import dev.mayfly.source.gitlab.RunnerApi;
import dev.mayfly.source.gitlab.ServerAddress;
import dev.mayfly.source.gitlab.UnreachableException;
import dev.mayfly.state.StateDirectory;
import java.io.Console;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Makes this host known to a GitLab server as a runner. */
@Command(
        name = "register",
        description = "Register this host as a runner of a GitLab server.",
        footerHeading = "%nExamples:%n",
        footer = {
            "  mayfly register                                   # asks for everything",
            "  mayfly register --name shop --url https://gitlab.example.com --pool untrusted",
            "  MAYFLY_GITLAB_TOKEN=$TOKEN mayfly register --name shop --write",
            "  mayfly register --name shop --token-file token.txt --replace",
            "",
            "Create the runner at the server first (Settings, CI/CD, Runners) and copy its",
            "token, which begins with glrt-. Tags, description and access are set there. The",
            "token is kept in the state directory, mode 0600; it is never an argument, since",
            "those are seen by every user of the host. What the configuration says of the",
            "runner of that name is used. What it does not say yet is added with --write, as",
            "a few lines beside which all others stay, and is printed otherwise.",
            "",
            "$MAYFLY_GITLAB_NAME, $MAYFLY_GITLAB_URL and $MAYFLY_GITLAB_POOL stand for the",
            "options of these names."
        })
final class RegisterCommand implements Callable<Integer> {

    private static final String TOKEN_VARIABLE = "MAYFLY_GITLAB_TOKEN";

    /** Registration tokens of all servers since 14.9 begin with this; the digits are a date. */
    private static final String LEGACY = "GR1348941";

    /** A person who cannot answer that often has gone, or is a program. */
    private static final int ATTEMPTS = 5;

    @Option(
            names = "--name",
            paramLabel = "NAME",
            description = "What this host calls the runner: a name of sources.gitlab.")
    private @Nullable String name;

    @Option(
            names = "--url",
            paramLabel = "URL",
            description = "The server. Needed unless the configuration says it.")
    private @Nullable String url;

    @Option(
            names = "--pool",
            paramLabel = "POOL",
            description = {
                "The pool that it feeds. Needed unless the configuration says it; asked for"
                        + " otherwise, or the least trusted."
            })
    private @Nullable String pool;

    @Option(
            names = "--token-file",
            paramLabel = "FILE",
            description = {
                "Read the token from a file. Without it: $MAYFLY_GITLAB_TOKEN, or asked for, or"
                        + " standard input."
            })
    private @Nullable Path tokenFile;

    @Option(
            names = "--ca-file",
            paramLabel = "FILE",
            description = "Authorities that may sign the server's certificate, in PEM.")
    private @Nullable Path authorities;

    @Option(
            names = "--write",
            negatable = true,
            description = {
                "Add the runner's lines to the configuration file; --no-write prints them. Asked"
                        + " for on a terminal, otherwise they are printed."
            })
    private @Nullable Boolean write;

    @Option(
            names = "--replace",
            description = "Replace a registration of that name that there is already.")
    private boolean replace;

    @ArgGroup(
            exclusive = false,
            heading = "%nWith a registration token (GR...) of an old server only:%n")
    private @Nullable Legacy legacy;

    @Mixin private final ConfigOption config = new ConfigOption();

    @Spec private CommandSpec spec = CommandSpec.create();

    /** What the server of a runner that was created there knows by itself. */
    private static final class Legacy {

        @Option(
                names = "--description",
                paramLabel = "TEXT",
                description = "What people see. Default: the name.")
        private @Nullable String description;

        @Option(
                names = "--tag-list",
                paramLabel = "TAGS",
                split = ",",
                description = "Tags of the jobs that it takes, with commas in between.")
        private @Nullable List<String> tags;

        @Option(names = "--run-untagged", description = "Take jobs without tags too.")
        private boolean untagged;

        @Option(
                names = "--protected",
                description = "Take jobs of protected branches and tags only.")
        private boolean protectedRefs;

        @Option(
                names = "--maximum-timeout",
                paramLabel = "SECONDS",
                description = "Limit of its jobs, at least 600.")
        private @Nullable Integer maximumTimeout;

        Legacy() {}
    }

    @Override
    public Integer call() throws Exception {
        MayflySettings settings = config.load();
        name = given(name, "MAYFLY_GITLAB_NAME");
        url = given(url, "MAYFLY_GITLAB_URL");
        pool = given(pool, "MAYFLY_GITLAB_POOL");
        String called =
                name == null
                        ? asked(
                                "Name of the runner on this host",
                                "gitlab",
                                RegisterCommand::checkedName)
                        : name;
        Optional<GitLabSettings> known =
                settings.gitlab().stream().filter(one -> one.name().equals(called)).findFirst();
        GitLabSettings runner = known.isPresent() ? agreeing(known.get()) : fresh(called, settings);
        StateDirectory directory = new StateDirectory(settings.daemon().stateDirectory()).create();
        Registrations registrations = Registrations.in(directory);
        if (registrations.read(called).isPresent() && !mayReplace(called)) {
            System.err.println(
                    "mayfly: there is a registration "
                            + called
                            + " already; --replace it, or choose"
                            + " another name");
            return ExitCode.BAD_CONFIG;
        }
        GitLabToken token = token();
        boolean first = settings.gitlab().isEmpty();
        AddedRunner lines = known.isPresent() ? null : lines(runner, first);
        try (ServerDialogue server = new ServerDialogue(runner, directory)) {
            return switch (answer(server.api(), token, called)) {
                case RegistrationAnswer.Granted granted -> {
                    registrations.write(
                            new Registration(
                                    called,
                                    ServerAddress.of(runner.url()),
                                    granted.runner(),
                                    granted.token(),
                                    new Registration.Validity(Instant.now(), granted.expires())));
                    told(runner, granted, registrations.file(called));
                    yield known.isPresent() ? named() : configured(runner, first, lines);
                }
                case RegistrationAnswer.Refused(int _, String because) -> {
                    System.err.println("mayfly: not registered: " + because);
                    yield ExitCode.BAD_CONFIG;
                }
                case RegistrationAnswer.Removed() ->
                        throw new IllegalStateException("a registration removes nothing");
            };
        } catch (UnreachableException e) {
            System.err.println("mayfly: not registered: " + e.getMessage());
            return ExitCode.UNAVAILABLE;
        }
    }

    private static @Nullable String given(@Nullable String option, String variable) {
        String value = System.getenv(variable);
        return option == null && value != null && !value.isBlank() ? value.strip() : option;
    }

    /**
     * What is to be written, found before the server is told anything: where it cannot be, nothing
     * has happened yet. Null where nothing is to be written.
     */
    private @Nullable AddedRunner lines(GitLabSettings runner, boolean first) {
        boolean wanted = write == null ? Style.terminal() : write;
        if (!wanted) {
            return null;
        }
        Optional<Path> file = config.located();
        if (file.isEmpty()) {
            return unwritten("there is no configuration file yet, the built-in default is used");
        }
        try {
            AddedRunner lines = AddedRunner.to(file.get(), runner, Environment.ofProcess());
            if (write == null) {
                AddedRunner.lines(runner, first).forEach(System.err::println);
                if (!agreed(
                        "Add these lines to " + file.get() + ", below " + place(first) + "?",
                        "yes")) {
                    return null;
                }
            }
            return lines;
        } catch (AddedRunner.NoPlaceException e) {
            return unwritten(String.valueOf(e.getMessage()));
        }
    }

    /** Somebody who wants it written is told that it cannot be, others get the lines. */
    private @Nullable AddedRunner unwritten(String because) {
        if (write != null) {
            throw wrong("--write: " + because + "; leave it out to have the lines printed");
        }
        return null;
    }

    private RegistrationAnswer answer(RunnerApi api, GitLabToken token, String called)
            throws UnreachableException, InterruptedException {
        if (!token.registersRunners()) {
            if (legacy != null) {
                throw wrong(
                        "the server owns description, tags, access and limits of a runner with this"
                                + " kind of token: leave them out, and change them there");
            }
            return api.verify(token);
        }
        System.err.println(
                "a token that begins with "
                        + LEGACY
                        + " is one of the old kind, which servers are giving up: better create the"
                        + " runner at the server");
        Legacy given = legacy == null ? new Legacy() : legacy;
        return api.register(
                token,
                new NewRunner(
                        given.description == null ? called : given.description,
                        given.tags == null ? List.of() : given.tags,
                        given.protectedRefs
                                ? NewRunner.Access.REF_PROTECTED
                                : NewRunner.Access.NOT_PROTECTED,
                        given.untagged || given.tags == null,
                        given.maximumTimeout == null
                                ? null
                                : Duration.ofSeconds(given.maximumTimeout)));
    }

    private static void told(GitLabSettings runner, RegistrationAnswer.Granted granted, Path file) {
        System.err.println(
                "registered "
                        + runner.name()
                        + (granted.runner() == null ? "" : " as runner " + granted.runner())
                        + " at "
                        + ServerAddress.of(runner.url())
                        + "; its token is in "
                        + file
                        + (granted.expires() == null ? "" : " and ends at " + granted.expires()));
        if (runner.protectedRefs()) {
            System.err.println(
                    "pool "
                            + runner.pool()
                            + " is for protected runners: mark this one as protected at the server");
        }
    }

    private static int named() {
        System.err.println("the configuration names it: restart the daemon if it is new there");
        return ExitCode.OK;
    }

    private static String place(boolean first) {
        return first ? "sources" : "sources.gitlab";
    }

    /** Sees to it that the configuration names the runner, or says what to do for that. */
    private int configured(GitLabSettings runner, boolean first, @Nullable AddedRunner lines) {
        String file = config.located().map(Path::toString).orElse("your configuration");
        boolean failed = false;
        if (lines != null) {
            try {
                lines.write();
                System.err.println("added its lines to " + file + ": restart the daemon");
                return ExitCode.OK;
            } catch (IOException e) {
                failed = true;
                System.err.println("mayfly: " + file + " was not changed: " + e.getMessage());
            }
        }
        System.err.println(
                "add these lines to "
                        + file
                        + ", below "
                        + place(first)
                        + ", and restart the daemon:");
        AddedRunner.lines(runner, first).forEach(System.out::println);
        return failed ? ExitCode.BAD_CONFIG : ExitCode.OK;
    }

    /** What the configuration says, which the options must not contradict. */
    private GitLabSettings agreeing(GitLabSettings known) {
        if (url != null && !ServerAddress.of(url).equals(ServerAddress.of(known.url()))) {
            throw wrong(
                    "--url: the configuration says that " + known.name() + " is at " + known.url());
        }
        if (pool != null && !pool.equals(known.pool().value())) {
            throw wrong(
                    "--pool: the configuration says that "
                            + known.name()
                            + " feeds "
                            + known.pool());
        }
        return known;
    }

    private GitLabSettings fresh(String called, MayflySettings settings) {
        String server =
                url == null
                        ? asked("URL of the GitLab server", "", RegisterCommand::checkedServer)
                        : url;
        checkedName(called).or(() -> checkedServer(server)).ifPresent(this::refuse);
        List<String> pools =
                settings.pools().stream()
                        .map(PoolSettings::terms)
                        .map(terms -> terms.pool().value())
                        .toList();
        String fed =
                pool == null
                        ? asked(
                                "Pool that it feeds, of " + String.join(", ", pools),
                                pools.getLast(),
                                answer -> checkedPool(answer, pools))
                        : pool;
        checkedPool(fed, pools).ifPresent(problem -> refuse("--pool: " + problem));
        return new GitLabSettings(
                called,
                server,
                new PoolName(fed),
                settings.pools().get(pools.indexOf(fed)).protectedOnly(),
                true,
                new GitLabSettings.Tls(
                        authorities == null ? null : authorities.toAbsolutePath(), null, null));
    }

    private static Optional<String> checkedName(String answer) {
        try {
            Registration.checkName(answer);
            return Optional.empty();
        } catch (IllegalArgumentException e) {
            return Optional.of(String.valueOf(e.getMessage()));
        }
    }

    private static Optional<String> checkedServer(String answer) {
        try {
            ServerAddress.of(answer);
            return Transport.isPlainHttp(answer)
                    ? Optional.of(
                            "the URL is not encrypted, and the runner's token would cross the"
                                    + " network in clear: use https://, or write the runner into"
                                    + " the configuration with allow_plain_http: true and run"
                                    + " mayfly register NAME")
                    : Optional.empty();
        } catch (IllegalArgumentException e) {
            return Optional.of(String.valueOf(e.getMessage()));
        }
    }

    private static Optional<String> checkedPool(String answer, List<String> pools) {
        return pools.contains(answer)
                ? Optional.empty()
                : Optional.of(
                        "there is no pool "
                                + answer
                                + "; the configuration has "
                                + String.join(", ", pools));
    }

    private void refuse(String problem) {
        throw wrong(problem);
    }

    private boolean mayReplace(String called) {
        return replace
                || (Style.terminal()
                        && agreed(
                                "There is a registration " + called + " already. Replace it?",
                                "no"));
    }

    private boolean agreed(String question, String usual) {
        return asked(
                        question + " (yes/no)",
                        usual,
                        answer ->
                                answer.matches("(?i)y(es)?|no?")
                                        ? Optional.empty()
                                        : Optional.of("please answer yes or no"))
                .toLowerCase(Locale.ROOT)
                .startsWith("y");
    }

    /**
     * The answer of a person, who is asked again as long as it is none, or what is usual where
     * there is nobody to ask.
     *
     * @param problem what is wrong with an answer
     */
    private String asked(
            String question, String usual, Function<String, Optional<String>> problem) {
        for (int attempt = 0; Style.terminal() && attempt < ATTEMPTS; attempt++) {
            Console console = Objects.requireNonNull(System.console());
            String typed =
                    console.readLine("%s%s: ", question, usual.isEmpty() ? "" : " [" + usual + "]");
            if (typed == null) {
                break; // the terminal was closed
            }
            String answer = typed.isBlank() ? usual : typed.strip();
            Optional<String> wrong =
                    answer.isEmpty() ? Optional.of("an answer is needed") : problem.apply(answer);
            if (wrong.isEmpty()) {
                return answer;
            }
            System.err.println("  " + wrong.get());
        }
        if (Style.terminal()) {
            throw wrong("nothing was answered that can be used: " + question);
        }
        if (usual.isEmpty()) {
            throw wrong("--url is needed: the address of the GitLab server");
        }
        return usual;
    }

    private GitLabToken token() throws IOException {
        String variable = System.getenv(TOKEN_VARIABLE);
        String text;
        if (tokenFile != null) {
            text = Files.readString(tokenFile);
        } else if (variable != null && !variable.isBlank()) {
            text = variable;
        } else if (Style.terminal()) {
            char[] typed =
                    Objects.requireNonNull(System.console())
                            .readPassword("Token of the runner (glrt-..., not shown): ");
            text = typed == null ? "" : new String(typed);
        } else {
            text = new String(System.in.readAllBytes(), StandardCharsets.UTF_8);
        }
        try {
            return new GitLabToken(text.strip());
        } catch (IllegalArgumentException e) {
            throw wrong(String.valueOf(e.getMessage()));
        }
    }

    private ParameterException wrong(String text) {
        return new ParameterException(spec.commandLine(), text);
    }
}
