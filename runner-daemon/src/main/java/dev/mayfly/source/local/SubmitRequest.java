package dev.mayfly.source.local;

import dev.mayfly.job.JobSpec;
import dev.mayfly.job.WorkspaceSource;
import dev.mayfly.state.StateDirectory;
import io.vertx.core.Handler;
import io.vertx.core.http.HttpHeaders;
import io.vertx.ext.web.FileUpload;
import io.vertx.ext.web.RoutingContext;
import io.vertx.ext.web.handler.BodyHandler;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** What a client sends to submit a job: a document, or a form with a document and a workspace. */
final class SubmitRequest {

    private static final String FORM = "multipart/form-data";

    private static final Pattern COMMIT = Pattern.compile("[0-9a-f]{40}|[0-9a-f]{64}");

    private final ApiSettings settings;
    private final JobDocuments documents;
    private final StateDirectory directory;

    SubmitRequest(ApiSettings settings, JobDocuments documents, StateDirectory directory) {
        this.settings = settings;
        this.documents = documents;
        this.directory = directory;
    }

    /** A document is kept in memory, so it has a limit of its own, far below that of an upload. */
    Handler<RoutingContext> body() {
        BodyHandler document = BodyHandler.create(false).setBodyLimit(settings.documentBytes());
        BodyHandler upload =
                BodyHandler.create(true)
                        .setUploadsDirectory(directory.incoming().toString())
                        .setDeleteUploadedFilesOnEnd(true)
                        .setMergeFormAttributes(false)
                        .setBodyLimit(settings.uploadBytes());
        return ctx -> {
            switch (contentType(ctx)) {
                case FORM -> upload.handle(ctx);
                case "application/yaml", "application/json" -> document.handle(ctx);
                default ->
                        throw new ApiProblemException(
                                ApiProblemException.Kind.TYPE,
                                "the content type is \"" + contentType(ctx) + "\"",
                                "send application/yaml, application/json or multipart/form-data");
            }
        };
    }

    /** The job that was sent. Reads files: not for an event loop. */
    JobSpec spec(RoutingContext ctx) {
        if (!contentType(ctx).equals(FORM)) {
            byte[] body =
                    ctx.body().buffer() == null ? new byte[0] : ctx.body().buffer().getBytes();
            return ownWorkspace(read(body));
        }
        FileUpload workspace = part(ctx, "workspace");
        JobSpec spec = read(document(ctx));
        return workspace == null ? ownWorkspace(spec) : uploaded(ctx, spec, workspace);
    }

    private byte[] document(RoutingContext ctx) {
        String attribute = ctx.request().getFormAttribute("job");
        if (attribute != null) {
            return attribute.getBytes(StandardCharsets.UTF_8);
        }
        FileUpload file = part(ctx, "job");
        if (file == null) {
            throw new ApiProblemException(
                    ApiProblemException.Kind.REQUEST,
                    "the form has no part \"job\"",
                    "send the job document as part \"job\", the packed workspace as"
                            + " \"workspace\"");
        }
        if (file.size() > settings.documentBytes()) {
            throw ApiAnswers.tooLarge();
        }
        try (InputStream in = Files.newInputStream(Path.of(file.uploadedFileName()))) {
            return in.readNBytes(settings.documentBytes());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private JobSpec read(byte[] document) {
        return switch (documents.read(document)) {
            case JobDocuments.Reading.Job(JobSpec spec) -> spec;
            case JobDocuments.Reading.Rejected(List<JobDocuments.Problem> problems) ->
                    throw new ApiProblemException(
                            "the job document has " + problems.size() + " mistakes", problems);
        };
    }

    /** A document that came over the network must not name a file of this host. */
    private static JobSpec ownWorkspace(JobSpec spec) {
        return switch (spec.inputs().workspace()) {
            case WorkspaceSource.Empty _, WorkspaceSource.Git _ -> spec;
            case WorkspaceSource.Archive _, WorkspaceSource.Bundle _ ->
                    throw new ApiProblemException(
                            ApiProblemException.Kind.REQUEST,
                            "workspace names a directory, which is not part of the request",
                            "submit it with mayfly submit, or pack it and send it as part"
                                    + " \"workspace\" of multipart/form-data");
        };
    }

    private static JobSpec uploaded(RoutingContext ctx, JobSpec spec, FileUpload workspace) {
        Path file = Path.of(workspace.uploadedFileName());
        String commit = ctx.request().getFormAttribute("commit");
        if (spec.inputs().workspace() instanceof WorkspaceSource.Git) {
            throw new ApiProblemException(
                    ApiProblemException.Kind.REQUEST,
                    "the document's workspace names a git server, and a packed workspace came"
                            + " along",
                    "send one of them");
        }
        if (commit == null) {
            return Uploads.with(spec, new WorkspaceSource.Archive(file));
        }
        if (!COMMIT.matcher(commit).matches()) {
            throw new ApiProblemException(
                    ApiProblemException.Kind.REQUEST,
                    "commit is \"" + commit + "\", which is not a full hash",
                    "send 40 or 64 hexadecimal digits, or no commit for a tar archive");
        }
        return Uploads.with(spec, new WorkspaceSource.Bundle(file, commit));
    }

    private static @Nullable FileUpload part(RoutingContext ctx, String name) {
        return ctx.fileUploads().stream()
                .filter(upload -> upload.name().equals(name))
                .findFirst()
                .orElse(null);
    }

    private static String contentType(RoutingContext ctx) {
        String header = ctx.request().getHeader(HttpHeaders.CONTENT_TYPE);
        return header == null ? "" : header.split(";", 2)[0].strip().toLowerCase(Locale.ROOT);
    }
}
