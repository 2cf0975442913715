package dev.mayfly.source.local;

import dev.mayfly.job.JobSpec;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Reads what a user has written. */
@FunctionalInterface
public interface JobDocuments {

    /**
     * Reads a job document: YAML, of which JSON is a part.
     *
     * @param document its bytes, as they came
     */
    Reading read(byte[] document);

    /** What came of reading. */
    sealed interface Reading {

        /** The document is a job. */
        record Job(JobSpec spec) implements Reading {}

        /**
         * The document is not a job.
         *
         * @param problems all of them, at least one
         */
        record Rejected(List<Problem> problems) implements Reading {
            public Rejected {
                problems = List.copyOf(problems);
            }
        }
    }

    /**
     * One thing that is wrong with a document.
     *
     * @param field where, for example {@code services[0].image}; empty for the document as a whole
     * @param line counted from 1, or null when not known
     * @param cause what is wrong
     * @param cure what to do
     */
    record Problem(String field, @Nullable Integer line, String cause, String cure) {}
}
