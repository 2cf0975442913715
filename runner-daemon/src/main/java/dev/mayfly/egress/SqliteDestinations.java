package dev.mayfly.egress;

import dev.mayfly.state.StateStore;
import java.time.InstantSource;

/** Where projects have been, in the state database, for all processes that share it. */
public final class SqliteDestinations implements KnownDestinations {

    /** Of one project; beyond, the ones that nobody went to for the longest are forgotten. */
    static final int MOST_OF_A_PROJECT = 1000;

    /** Of all projects together. */
    static final int MOST = 100_000;

    private final StateStore store;
    private final InstantSource clock;

    public SqliteDestinations(StateStore store, InstantSource clock) {
        this.store = store;
        this.clock = clock;
    }

    @Override
    public boolean isNew(String project, String destination) {
        long now = clock.millis();
        return store.write(in -> {
            boolean known =
                    in.update(
                                    "UPDATE egress_destination SET last_at = ?"
                                            + " WHERE project = ? AND destination = ?",
                                    now,
                                    project,
                                    destination)
                            > 0;
            if (known) {
                return false;
            }
            in.update(
                    "DELETE FROM egress_destination WHERE project = ? AND seq NOT IN (SELECT seq"
                            + " FROM egress_destination WHERE project = ?"
                            + " ORDER BY last_at DESC, seq DESC LIMIT ?)",
                    project,
                    project,
                    MOST_OF_A_PROJECT - 1);
            in.update(
                    "DELETE FROM egress_destination WHERE seq <="
                            + " (SELECT max(seq) FROM egress_destination) - ?",
                    MOST);
            in.update(
                    "INSERT INTO egress_destination (project, destination, first_at, last_at)"
                            + " VALUES (?, ?, ?, ?)",
                    project,
                    destination,
                    now,
                    now);
            return true;
        });
    }
}
