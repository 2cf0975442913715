package dev.mayfly.cli;

import dev.mayfly.bootstrap.GitLabRunners;
import dev.mayfly.config.GitLabSettings;
import dev.mayfly.source.gitlab.RunnerApi;
import dev.mayfly.state.StateDirectory;
import io.vertx.core.Vertx;

/** What a command has to say to one GitLab server. */
final class ServerDialogue implements AutoCloseable {

    private final Vertx vertx = Vertx.vertx();
    private final RunnerApi api;

    /**
     * Prepares.
     *
     * @throws dev.mayfly.state.StateException naming what of the settings cannot be used
     */
    ServerDialogue(GitLabSettings runner, StateDirectory directory) {
        try {
            api = GitLabRunners.api(runner, directory, vertx);
        } catch (RuntimeException e) {
            vertx.close();
            throw e;
        }
    }

    RunnerApi api() {
        return api;
    }

    @Override
    public void close() {
        api.close();
        vertx.close();
    }
}
