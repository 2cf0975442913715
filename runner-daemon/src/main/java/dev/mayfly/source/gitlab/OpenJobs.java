package dev.mayfly.source.gitlab;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.mayfly.job.JobId;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The jobs of one registration whose end the server does not have yet, in files: a later life of
 * the daemon tells what this one could not. For each a note, with the job's token, and its log.
 */
final class OpenJobs {

    private static final Logger LOG = LoggerFactory.getLogger(OpenJobs.class);
    private static final String NOTE = ".json";

    private final Path directory;
    private final String registration;
    private final ServerAddress server;

    /**
     * Looks after a directory.
     *
     * @param directory exists, and is private; shared by all registrations
     */
    OpenJobs(Path directory, String registration, ServerAddress server) {
        this.directory = directory;
        this.registration = registration;
        this.server = server;
    }

    /**
     * A job that the server has given out.
     *
     * @param id ours
     * @param number the server's
     * @param token of the job
     * @param failureReasons those that the server knows
     * @param form of its log, or null where that was not noted
     * @param end how it ended, or null as long as it has not
     */
    record OpenJob(
            JobId id,
            long number,
            GitLabToken token,
            Set<String> failureReasons,
            TraceWriter.@Nullable Form form,
            @Nullable FinalState end) {

        OpenJob {
            failureReasons = Set.copyOf(failureReasons);
        }

        OpenJob with(FinalState how) {
            return new OpenJob(id, number, token, failureReasons, form, how);
        }
    }

    /** Notes a job as it is now. Durable when it returns. */
    void note(OpenJob job) throws IOException {
        ObjectNode node =
                Json.object()
                        .put("registration", registration)
                        .put("url", server.toString())
                        .put("job", job.number())
                        .put("token", job.token().reveal());
        ArrayNode reasons = node.putArray("failure_reasons");
        job.failureReasons().forEach(reasons::add);
        TraceWriter.Form form = job.form();
        if (form != null) {
            node.putObject("log")
                    .put("sections", form.style().sections())
                    .put("stamps", form.style().stamps())
                    .put("mark", form.mark());
        }
        if (job.end() != null) {
            ObjectNode end = node.putObject("end").put("exit_code", job.end().exitCode());
            if (job.end().failure() != null) {
                end.put("failure_reason", job.end().failure().word());
            }
        }
        PrivateFile.replace(file(job.id(), NOTE), node.toPrettyString() + "\n");
    }

    /** An empty log for a job. */
    FileTraceSpool newLog(JobId job) throws IOException {
        return FileTraceSpool.create(log(job));
    }

    /** The log of a job that an earlier life has noted; an empty one where there is none. */
    FileTraceSpool oldLog(JobId job) throws IOException {
        return Files.exists(log(job)) ? FileTraceSpool.reopen(log(job)) : newLog(job);
    }

    /** The server has the end of a job, or never will. */
    void forget(JobId job) {
        try {
            // The note last: a log without one would stay for ever.
            Files.deleteIfExists(log(job));
            Files.deleteIfExists(file(job, NOTE));
        } catch (IOException e) {
            LOG.warn("a job that is over was not forgotten job={}", job, e);
        }
    }

    /** What earlier lives have noted. What cannot be read is said, and left out. */
    List<OpenJob> all() throws IOException {
        List<OpenJob> all = new ArrayList<>();
        try (Stream<Path> files = Files.list(directory)) {
            for (Path file : files.sorted().toList()) {
                String name = String.valueOf(file.getFileName());
                if (name.endsWith(NOTE) && !name.startsWith(".")) {
                    String id = name.substring(0, name.length() - NOTE.length());
                    try {
                        read(id, Json.tree(Files.readAllBytes(file)), all);
                    } catch (IllegalArgumentException e) {
                        LOG.error("{} is no note of a job: {}; remove it", file, e.getMessage());
                    }
                }
            }
        }
        return all;
    }

    private void read(String id, JsonNode node, List<OpenJob> all) {
        if (!node.path("registration").asText().equals(registration)) {
            return;
        }
        if (!node.path("url").asText().equals(server.toString())) {
            LOG.warn(
                    "a job of another server is left alone job={} server={}",
                    id,
                    node.path("url").asText());
            return;
        }
        Set<String> reasons = new HashSet<>();
        node.path("failure_reasons").forEach(reason -> reasons.add(reason.asText()));
        all.add(
                new OpenJob(
                        new JobId(id),
                        node.path("job").asLong(),
                        new GitLabToken(node.path("token").asText()),
                        reasons,
                        node.has("log") ? form(node.path("log")) : null,
                        node.has("end") ? end(node.path("end")) : null));
    }

    private static TraceWriter.Form form(JsonNode node) {
        return new TraceWriter.Form(
                new TraceWriter.Style(
                        node.path("sections").asBoolean(), node.path("stamps").asBoolean()),
                node.path("mark").asText());
    }

    private static FinalState end(JsonNode node) {
        String reason = node.path("failure_reason").asText();
        return new FinalState(
                reason.isEmpty() ? null : FailureReason.valueOf(reason.toUpperCase(Locale.ROOT)),
                node.path("exit_code").asInt());
    }

    private Path log(JobId job) {
        return file(job, ".trace");
    }

    private Path file(JobId job, String suffix) {
        return directory.resolve(job + suffix);
    }
}
