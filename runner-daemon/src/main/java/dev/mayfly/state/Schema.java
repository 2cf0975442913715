package dev.mayfly.state;

import java.util.List;

/** The database's shape, as the steps that lead to it. A step that was released never changes. */
final class Schema {

    private Schema() {}

    /**
     * Step {@code n} leads from version {@code n} to {@code n + 1}. Times are epoch milliseconds.
     */
    static final List<List<String>> STEPS =
            List.of(
                    List.of(
                            """
                            CREATE TABLE local_job (
                              seq INTEGER PRIMARY KEY AUTOINCREMENT,
                              id TEXT NOT NULL UNIQUE,
                              source TEXT NOT NULL,
                              name TEXT NOT NULL,
                              pool TEXT NOT NULL,
                              spec TEXT NOT NULL,
                              phase TEXT NOT NULL,
                              reserved_for TEXT,
                              life TEXT,
                              submitted_at INTEGER NOT NULL,
                              claimed_at INTEGER,
                              started_at INTEGER,
                              ended_at INTEGER,
                              released_at INTEGER,
                              cancel_reason TEXT,
                              outcome TEXT,
                              receipt TEXT
                            ) STRICT
                            """,
                            """
                            CREATE INDEX local_job_waiting ON local_job (source, pool, seq)
                              WHERE phase = 'QUEUED'
                            """,
                            """
                            CREATE INDEX local_job_unreleased ON local_job (phase)
                              WHERE phase <> 'FINISHED'
                            """,
                            "CREATE INDEX local_job_ended ON local_job (ended_at)",
                            """
                            CREATE TABLE journal_job (
                              job TEXT PRIMARY KEY,
                              life TEXT NOT NULL
                            ) STRICT, WITHOUT ROWID
                            """,
                            """
                            CREATE TABLE journal_resource (
                              seq INTEGER PRIMARY KEY AUTOINCREMENT,
                              job TEXT NOT NULL REFERENCES journal_job (job) ON DELETE CASCADE,
                              kind TEXT NOT NULL,
                              name TEXT NOT NULL,
                              UNIQUE (job, kind, name)
                            ) STRICT
                            """),
                    List.of(
                            """
                            CREATE TABLE journal_image (
                              seq INTEGER PRIMARY KEY AUTOINCREMENT,
                              job TEXT NOT NULL REFERENCES journal_job (job) ON DELETE CASCADE,
                              reference TEXT NOT NULL,
                              identity TEXT NOT NULL,
                              UNIQUE (job, reference, identity)
                            ) STRICT
                            """),
                    List.of(
                            """
                            CREATE TABLE approval (
                              job TEXT PRIMARY KEY,
                              fingerprint TEXT NOT NULL,
                              policy TEXT NOT NULL,
                              subject TEXT NOT NULL,
                              reason TEXT NOT NULL,
                              held_at INTEGER NOT NULL,
                              expires_at INTEGER NOT NULL,
                              approved_at INTEGER,
                              approved_by TEXT,
                              used_at INTEGER,
                              used_by TEXT
                            ) STRICT, WITHOUT ROWID
                            """,
                            """
                            CREATE INDEX approval_open ON approval (fingerprint, policy)
                              WHERE used_at IS NULL
                            """,
                            """
                            CREATE TABLE decision (
                              seq INTEGER PRIMARY KEY AUTOINCREMENT,
                              job TEXT NOT NULL UNIQUE,
                              decided_at INTEGER NOT NULL,
                              policy TEXT NOT NULL,
                              verdict TEXT NOT NULL,
                              text TEXT NOT NULL
                            ) STRICT
                            """),
                    List.of(
                            """
                            CREATE TABLE egress_destination (
                              seq INTEGER PRIMARY KEY AUTOINCREMENT,
                              project TEXT NOT NULL,
                              destination TEXT NOT NULL,
                              first_at INTEGER NOT NULL,
                              last_at INTEGER NOT NULL,
                              UNIQUE (project, destination)
                            ) STRICT
                            """),
                    List.of(
                            """
                            CREATE TABLE image_pull (
                              engine TEXT NOT NULL,
                              name TEXT NOT NULL,
                              repository TEXT NOT NULL,
                              begun INTEGER NOT NULL,
                              brought INTEGER NOT NULL,
                              at INTEGER NOT NULL,
                              PRIMARY KEY (engine, name)
                            ) STRICT, WITHOUT ROWID
                            """,
                            """
                            CREATE INDEX image_pull_begun ON image_pull (engine, repository)
                              WHERE begun > 0
                            """,
                            """
                            CREATE TABLE image_holder (
                              engine TEXT NOT NULL,
                              image TEXT NOT NULL,
                              pool TEXT NOT NULL,
                              project TEXT NOT NULL,
                              at INTEGER NOT NULL,
                              PRIMARY KEY (engine, image, pool, project)
                            ) STRICT, WITHOUT ROWID
                            """,
                            """
                            CREATE TABLE image_pin (
                              seq INTEGER PRIMARY KEY AUTOINCREMENT,
                              pool TEXT NOT NULL,
                              run TEXT NOT NULL,
                              project TEXT NOT NULL,
                              name TEXT NOT NULL,
                              identity TEXT NOT NULL,
                              at INTEGER NOT NULL,
                              UNIQUE (pool, run, name)
                            ) STRICT
                            """,
                            "CREATE INDEX image_pin_project ON image_pin (pool, project, at)"),
                    List.of(
                            "ALTER TABLE journal_resource ADD COLUMN engine TEXT",
                            """
                            CREATE TABLE journal_engine (
                              name TEXT PRIMARY KEY,
                              credentials TEXT
                            ) STRICT, WITHOUT ROWID
                            """));
}
