package dev.mayfly.sandbox.docker;

import dev.mayfly.job.JobId;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The streams this process holds open, so that they can be closed before their containers are
 * removed. Only a remedy for this process's own hold on them: what exists is asked of the engine.
 */
final class OpenStreams {

    private final Object lock = new Object();
    private final Map<JobId, List<AgentStream>> open = new HashMap<>();

    /** Remembers a stream. */
    AgentStream opened(JobId job, AgentStream stream) {
        synchronized (lock) {
            open.computeIfAbsent(job, ignored -> new ArrayList<>()).add(stream);
        }
        return stream;
    }

    /** Closes and forgets all streams of a job. */
    void close(JobId job) {
        List<AgentStream> streams;
        synchronized (lock) {
            streams = open.remove(job);
        }
        if (streams != null) {
            streams.forEach(AgentStream::close);
        }
    }
}
