package dev.mayfly.execution;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.mayfly.artifacts.ContentCheck;
import dev.mayfly.job.Fault;
import dev.mayfly.job.FaultException;
import dev.mayfly.logs.SecretWatch;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** Lets no file leave in which a secret of the job is, in a form that its log would mask. */
final class SecretCheck implements ContentCheck {

    private final SecretWatch watch;
    private final Runnable found;
    private String path = "";

    /**
     * Looks for what the watch looks for.
     *
     * @param found run once when a secret is found
     */
    SecretCheck(SecretWatch watch, Runnable found) {
        this.watch = watch;
        this.found = found;
    }

    @Override
    public void begin(String path) {
        this.path = path;
        byte[] name = path.getBytes(UTF_8);
        try {
            requireNone(watch.take(name, 0, name.length, (_, _, _) -> {}), "the name of a file");
            watch.end((_, _, _) -> {});
        } catch (IOException e) {
            throw new IllegalStateException("nothing is written here", e);
        }
    }

    @Override
    public void take(byte[] bytes, int offset, int length, Way out) throws IOException {
        requireNone(watch.take(bytes, offset, length, out::pass), path);
    }

    @Override
    public void end(Way out) throws IOException {
        watch.end(out::pass);
    }

    private void requireNone(@Nullable String secret, String where) {
        if (secret != null) {
            found.run();
            throw new FaultException(
                    Fault.ARTIFACTS,
                    "%s holds the value of %s, so nothing of it leaves this host: keep secrets out of what the job keeps, or exclude the file"
                            .formatted(where, secret));
        }
    }
}
