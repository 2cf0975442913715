package dev.mayfly.cli;

import dev.mayfly.config.GitLabSettings;
import dev.mayfly.config.MayflySettings;
import dev.mayfly.source.gitlab.Registration;
import dev.mayfly.source.gitlab.RegistrationAnswer;
import dev.mayfly.source.gitlab.Registrations;
import dev.mayfly.source.gitlab.UnreachableException;
import dev.mayfly.state.StateDirectory;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Lists this host's runners. */
@Command(
        name = "registrations",
        description = "List this host's runners at GitLab servers; never their tokens.",
        footerHeading = "%nExamples:%n",
        footer = {"  mayfly registrations", "  mayfly registrations --verify"})
final class RegistrationsCommand implements Callable<Integer> {

    @Option(names = "--verify", description = "Ask each server whether it knows the token.")
    private boolean verify;

    @Mixin private final ConfigOption config = new ConfigOption();

    @Override
    public Integer call() throws InterruptedException {
        MayflySettings settings = config.load();
        StateDirectory directory = new StateDirectory(settings.daemon().stateDirectory()).create();
        List<Registration> all = Registrations.in(directory).all();
        boolean good = true;
        for (Registration one : all) {
            String state = verify ? verified(one, settings, directory) : "";
            good &= state.isEmpty() || state.equals("good");
            System.out.printf(
                    "%-24s %-40s %s%s%s%n",
                    one.name(),
                    one.server(),
                    feeds(one, settings),
                    one.validity().until() == null ? "" : ", ends " + one.validity().until(),
                    state.isEmpty() ? "" : ", " + state);
        }
        for (GitLabSettings one : settings.gitlab()) {
            if (all.stream().noneMatch(kept -> kept.name().equals(one.name()))) {
                good = false;
                System.out.printf(
                        "%-24s %-40s not registered: mayfly register --name %s%n",
                        one.name(), one.url(), one.name());
            }
        }
        if (all.isEmpty() && settings.gitlab().isEmpty()) {
            System.err.println("there is none; mayfly register makes one");
        }
        return good ? ExitCode.OK : ExitCode.BAD_CONFIG;
    }

    private static String feeds(Registration registration, MayflySettings settings) {
        return settings.gitlab().stream()
                .filter(one -> one.name().equals(registration.name()))
                .map(one -> "feeds " + one.pool())
                .findFirst()
                .orElse("feeds no pool: the configuration does not name it");
    }

    private static String verified(
            Registration registration, MayflySettings settings, StateDirectory directory)
            throws InterruptedException {
        try (ServerDialogue server =
                new ServerDialogue(settingsOf(registration, settings), directory)) {
            return switch (server.api().verify(registration.token())) {
                case RegistrationAnswer.Granted _ -> "good";
                case RegistrationAnswer.Refused(int _, String because) -> because;
                case RegistrationAnswer.Removed() -> "gone";
            };
        } catch (UnreachableException e) {
            return String.valueOf(e.getMessage());
        }
    }

    /**
     * How the server of a registration is reached. Its own address counts: a token is sent to the
     * server that it was made for, and to no other.
     */
    static GitLabSettings settingsOf(Registration registration, MayflySettings settings) {
        GitLabSettings.Tls tls =
                settings.gitlab().stream()
                        .filter(one -> one.name().equals(registration.name()))
                        .map(GitLabSettings::tls)
                        .findFirst()
                        .orElse(new GitLabSettings.Tls(null, null, null));
        return new GitLabSettings(
                registration.name(),
                registration.server().toString(),
                settings.pools().getLast().terms().pool(),
                false,
                false,
                tls);
    }
}
