package dev.mayfly.source;

import dev.mayfly.job.Artifact;
import dev.mayfly.job.Dependency;
import dev.mayfly.job.Transfers;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.FileChannel;

/**
 * How files of a job come from other jobs of its source and go to them. For use by the job's
 * thread.
 */
public interface Exchange {

    /** Of a source that exchanges nothing. */
    Exchange NONE =
            new Exchange() {
                @Override
                public Transfers transfers() {
                    return Transfers.NONE;
                }

                @Override
                public void fetch(Dependency dependency, FileChannel into, long mostBytes) {
                    throw new IllegalStateException("this source has no artifacts");
                }

                @Override
                public String send(Artifact artifact, Content content) {
                    throw new IllegalStateException("this source keeps no artifacts");
                }
            };

    /** What the job is brought and what is kept of it. */
    Transfers transfers();

    /**
     * Fetches the archive of an earlier job.
     *
     * @param into empty; holds the archive when this returns, and nothing of worth after a failure
     * @param mostBytes a longer archive is refused
     * @throws dev.mayfly.job.FaultException {@code ARTIFACTS} saying why there is none
     */
    void fetch(Dependency dependency, FileChannel into, long mostBytes) throws InterruptedException;

    /**
     * Hands an artifact over to who keeps it.
     *
     * @param content asked for once for each attempt, and gives the same bytes each time
     * @return what became of it, in a few words for the job's log
     * @throws dev.mayfly.job.FaultException {@code ARTIFACTS} saying why it is not kept
     */
    String send(Artifact artifact, Content content) throws InterruptedException;

    /** Something that can be written as often as it is needed, and is nowhere as a whole. */
    @FunctionalInterface
    interface Content {

        /**
         * Writes all of it, from its beginning.
         *
         * @param out not closed here
         * @throws IOException of {@code out} alone; a fault of the content is a {@code
         *     FaultException}
         */
        void writeTo(OutputStream out) throws IOException, InterruptedException;
    }
}
