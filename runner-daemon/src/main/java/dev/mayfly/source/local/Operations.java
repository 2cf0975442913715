package dev.mayfly.source.local;

import java.util.List;

/**
 * What an operator may ask of the daemon as a whole. Each is called on a worker thread and should
 * answer within seconds.
 */
public interface Operations {

    /** How the daemon does now. */
    DaemonStatus status();

    /** Takes no further jobs until {@link #resume()}, also after a restart. Running ones go on. */
    void drain();

    /** Takes jobs again. */
    void resume();

    /** Reads the configuration again. */
    Reloading reload();

    /** What became of a changed configuration. */
    sealed interface Reloading {

        /**
         * It is used.
         *
         * @param live the keys that apply to the next job
         * @param waiting the keys that apply after a restart
         */
        record Used(List<String> live, List<String> waiting) implements Reloading {
            public Used {
                live = List.copyOf(live);
                waiting = List.copyOf(waiting);
            }
        }

        /**
         * It cannot be used, and nothing has changed.
         *
         * @param because names file, line and field of each problem
         */
        record Refused(String because) implements Reloading {}
    }
}
