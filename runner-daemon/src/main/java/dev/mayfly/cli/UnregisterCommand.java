package dev.mayfly.cli;

import dev.mayfly.config.GitLabSettings;
import dev.mayfly.config.MayflySettings;
import dev.mayfly.source.gitlab.Registration;
import dev.mayfly.source.gitlab.RegistrationAnswer;
import dev.mayfly.source.gitlab.Registrations;
import dev.mayfly.source.gitlab.UnreachableException;
import dev.mayfly.state.StateDirectory;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Takes this host off a GitLab server. */
@Command(
        name = "unregister",
        description = "Take this host off a GitLab server and forget the runner's token.",
        footerHeading = "%nExamples:%n",
        footer = {
            "  mayfly unregister shop",
            "  mayfly unregister shop --keep-at-server    # the server is gone",
            "",
            "A runner that was created at the server stays there for other hosts. Remove its",
            "lines from the configuration too: a daemon does not start without the token."
        })
final class UnregisterCommand implements Callable<Integer> {

    @Parameters(paramLabel = "NAME", description = "What this host calls the runner.")
    private String name = "";

    @Option(
            names = "--keep-at-server",
            description = "Forget the token only; the server is not told.")
    private boolean keepAtServer;

    @Mixin private final ConfigOption config = new ConfigOption();

    @Override
    public Integer call() throws InterruptedException {
        MayflySettings settings = config.load();
        StateDirectory directory = new StateDirectory(settings.daemon().stateDirectory()).create();
        Registrations registrations = Registrations.in(directory);
        Optional<Registration> found = registrations.read(name);
        if (found.isEmpty()) {
            System.err.println(
                    "mayfly: there is no registration "
                            + name
                            + "; mayfly registrations lists those that there are");
            return ExitCode.NOT_FOUND;
        }
        if (!keepAtServer && !toldServer(found.get(), settings, directory)) {
            return ExitCode.UNAVAILABLE;
        }
        registrations.remove(name);
        System.err.println("unregistered " + name);
        return ExitCode.OK;
    }

    private static boolean toldServer(
            Registration registration, MayflySettings settings, StateDirectory directory)
            throws InterruptedException {
        GitLabSettings runner = RegistrationsCommand.settingsOf(registration, settings);
        try (ServerDialogue server = new ServerDialogue(runner, directory)) {
            if (server.api().unregister(registration.token())
                    instanceof RegistrationAnswer.Refused(int status, String because)) {
                System.err.println("mayfly: the server said: " + because);
                // It does not know the token: there is nothing to be taken off.
                return status == 403;
            }
            return true;
        } catch (UnreachableException e) {
            System.err.println(
                    "mayfly: "
                            + e.getMessage()
                            + "; to forget the token all the same: --keep-at-server");
            return false;
        }
    }
}
