package dev.mayfly.artifacts;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.mayfly.job.Fault;
import dev.mayfly.job.FaultException;
import java.io.ByteArrayOutputStream;
import java.util.HashSet;
import java.util.Set;

/** Names that end with a NUL each. What wrote them is not trusted. For one thread. */
public final class NameList {

    private static final int LONGEST = 4096;

    private final int most;
    private final Set<String> names = new HashSet<>();
    private final ByteArrayOutputStream name = new ByteArrayOutputStream(256);

    /**
     * An empty list.
     *
     * @param most how many it may have
     */
    public NameList(int most) {
        this.most = most;
    }

    /**
     * Takes the next bytes.
     *
     * @throws FaultException {@code ARTIFACTS} when there are more names than there may be
     */
    public void take(byte[] bytes, int offset, int length) {
        for (int i = offset; i < offset + length; i++) {
            if (bytes[i] != 0) {
                if (name.size() < LONGEST) {
                    name.write(bytes[i]);
                }
                continue;
            }
            if (names.size() == most) {
                throw new FaultException(
                        Fault.ARTIFACTS,
                        "more than %d files are untracked; that is the limit of this host"
                                .formatted(most));
            }
            names.add(name.toString(UTF_8));
            name.reset();
        }
    }

    /** Those that are complete. */
    public Set<String> names() {
        return names;
    }
}
