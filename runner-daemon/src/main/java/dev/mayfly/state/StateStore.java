package dev.mayfly.state;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.sqlite.SQLiteConfig;
import org.sqlite.SQLiteErrorCode;
import org.sqlite.SQLiteException;

/**
 * The database that outlives the process. A write is on the disk when it returns. Several processes
 * may have it open. Safe for use by many threads; they take turns, and a turn is short.
 */
public final class StateStore implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(StateStore.class);

    /** How long another process's transaction, or its opening of the database, is waited for. */
    private static final Duration PATIENCE = Duration.ofSeconds(15);

    /** SQLite waits in native code, where a virtual thread holds its carrier: so not for long. */
    private static final int NATIVE_WAIT_MILLIS = 20;

    private static final Set<SQLiteErrorCode> DAMAGE =
            Set.of(SQLiteErrorCode.SQLITE_CORRUPT, SQLiteErrorCode.SQLITE_NOTADB);

    private final StateDirectory directory;
    private final Connection connection;
    private final @Nullable String loss;
    private final ReentrantLock turn = new ReentrantLock();

    private StateStore(StateDirectory directory, Connection connection, @Nullable String loss) {
        this.directory = directory;
        this.connection = connection;
        this.loss = loss;
    }

    /** Work inside one transaction. */
    @FunctionalInterface
    public interface Work<T extends @Nullable Object> {
        T in(Transaction transaction) throws SQLException;
    }

    /**
     * Opens the database, making the directory and the database where they are missing. A damaged
     * database is set aside and a new one begun: what is left in the engine is found by its labels.
     *
     * @throws StateException when it cannot be used, or was written by a newer Mayfly
     */
    public static StateStore open(StateDirectory directory) {
        directory.create();
        // One process at a time: two that find damage must not both set a database aside.
        try (FileChannel guard = openPrivate(directory.root().resolve("state.lock"));
                FileLock _ = lock(guard)) {
            try {
                return new StateStore(directory, connect(directory.database()), null);
            } catch (SQLException e) {
                if (!isDamage(e)) {
                    throw failure(directory, e);
                }
                String loss = setAside(directory.database(), e);
                LOG.error("State lost, leftovers will be found by label alone: {}", loss);
                return new StateStore(directory, connect(directory.database()), loss);
            }
        } catch (SQLException e) {
            throw failure(directory, e);
        } catch (IOException e) {
            throw new StateException(
                    directory.root()
                            + " cannot be used ("
                            + e
                            + "): it must belong to the daemon's user, on a local file system with"
                            + " free space",
                    e);
        }
    }

    public StateDirectory directory() {
        return directory;
    }

    /** What was lost at opening because the database was damaged, or null when nothing was. */
    public @Nullable String loss() {
        return loss;
    }

    /**
     * Runs work that changes something. Durable when this returns, undone when it throws.
     *
     * @throws StateException when the database failed
     */
    public <T extends @Nullable Object> T write(Work<T> work) {
        return transaction("BEGIN IMMEDIATE", work);
    }

    /** Runs work that only looks, at one consistent state. */
    public <T extends @Nullable Object> T read(Work<T> work) {
        return transaction("BEGIN", work);
    }

    /** A number that differs from its last value when another process has changed something. */
    public long foreignVersion() {
        turn.lock();
        try {
            return number(connection, "PRAGMA data_version");
        } catch (SQLException e) {
            throw failure(directory, e);
        } finally {
            turn.unlock();
        }
    }

    @Override
    public void close() {
        turn.lock();
        try {
            connection.close();
        } catch (SQLException e) {
            LOG.warn("Closing {} failed: {}", directory.database(), e.getMessage());
        } finally {
            turn.unlock();
        }
    }

    private <T extends @Nullable Object> T transaction(String begin, Work<T> work) {
        turn.lock();
        try {
            patiently(begin);
            try {
                T result = work.in(new Transaction(connection));
                patiently("COMMIT");
                return result;
            } catch (SQLException | RuntimeException e) {
                rollback(e);
                throw e;
            }
        } catch (SQLException e) {
            throw failure(directory, e);
        } finally {
            turn.unlock();
        }
    }

    private void rollback(Exception cause) {
        try {
            execute(connection, "ROLLBACK");
        } catch (SQLException e) {
            // Some failures, a full disk among them, have rolled back already.
            cause.addSuppressed(e);
        }
    }

    private void patiently(String sql) throws SQLException {
        boolean interrupted = false;
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        try {
            while (true) {
                try {
                    execute(connection, sql);
                    return;
                } catch (SQLiteException e) {
                    if (!isBusy(e) || System.nanoTime() > deadline) {
                        throw e;
                    }
                }
                interrupted |= pause();
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /** Whether it was cut short: a transaction is bounded, so an interrupt waits for its end. */
    private static boolean pause() {
        try {
            Thread.sleep(10);
            return false;
        } catch (InterruptedException e) {
            return true;
        }
    }

    private static Connection connect(Path database) throws SQLException, IOException {
        // SQLite would make it readable for all; its companions take their mode from it.
        try {
            Files.createFile(
                    database, PosixFilePermissions.asFileAttribute(StateDirectory.PRIVATE_FILE));
        } catch (FileAlreadyExistsException e) {
            // Chmod and not open: closing a second descriptor would drop SQLite's own locks.
            Files.setPosixFilePermissions(database, StateDirectory.PRIVATE_FILE);
        }
        SQLiteConfig config = new SQLiteConfig();
        config.setBusyTimeout((int) PATIENCE.toMillis());
        config.setJournalMode(SQLiteConfig.JournalMode.WAL);
        config.setSynchronous(SQLiteConfig.SynchronousMode.FULL);
        config.enforceForeignKeys(true);
        Connection connection = config.createConnection("jdbc:sqlite:" + database);
        try {
            check(connection);
            migrate(connection, database);
            execute(connection, "PRAGMA busy_timeout = " + NATIVE_WAIT_MILLIS);
            return connection;
        } catch (SQLException | RuntimeException e) {
            connection.close();
            throw e;
        }
    }

    private static void check(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet answer = statement.executeQuery("PRAGMA quick_check(1)")) {
            String verdict = answer.next() ? answer.getString(1) : "no answer";
            if (!verdict.equals("ok")) {
                throw new SQLiteException(
                        verdict.replace('\n', ' '), SQLiteErrorCode.SQLITE_CORRUPT);
            }
        }
    }

    private static void migrate(Connection connection, Path database) throws SQLException {
        execute(connection, "BEGIN IMMEDIATE");
        try {
            int version = (int) number(connection, "PRAGMA user_version");
            List<List<String>> steps = Schema.STEPS;
            if (version > steps.size()) {
                throw new StateException(
                        database
                                + " was written by a newer Mayfly (version "
                                + version
                                + ", this one knows "
                                + steps.size()
                                + "): run that one, or name another state directory",
                        null);
            }
            for (List<String> step : steps.subList(version, steps.size())) {
                for (String statement : step) {
                    execute(connection, statement);
                }
            }
            execute(connection, "PRAGMA user_version = " + steps.size());
            execute(connection, "COMMIT");
        } catch (SQLException | RuntimeException e) {
            execute(connection, "ROLLBACK");
            throw e;
        }
    }

    private static String setAside(Path database, SQLException damage) throws IOException {
        String suffix = ".damaged-" + Instant.now().toEpochMilli();
        for (String companion : List.of("", "-wal", "-shm")) {
            Path file = database.resolveSibling(database.getFileName() + companion);
            if (Files.exists(file)) {
                Files.move(file, file.resolveSibling(file.getFileName() + suffix));
            }
        }
        return database
                + " is damaged ("
                + damage.getMessage()
                + ") and was set aside with the suffix "
                + suffix
                + "; the queue and the journal begin empty";
    }

    private static void execute(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    private static long number(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet answer = statement.executeQuery(sql)) {
            return answer.getLong(1);
        }
    }

    private static FileChannel openPrivate(Path file) throws IOException {
        return FileChannel.open(
                file,
                Set.of(StandardOpenOption.CREATE, StandardOpenOption.WRITE),
                PosixFilePermissions.asFileAttribute(StateDirectory.PRIVATE_FILE));
    }

    private static FileLock lock(FileChannel guard) throws IOException {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        boolean interrupted = false;
        try {
            while (true) {
                FileLock lock = tryLock(guard);
                if (lock != null) {
                    return lock;
                }
                if (System.nanoTime() > deadline) {
                    throw new IOException("another process has been opening it for " + PATIENCE);
                }
                interrupted |= pause();
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private static @Nullable FileLock tryLock(FileChannel guard) throws IOException {
        try {
            return guard.tryLock();
        } catch (OverlappingFileLockException e) {
            return null; // held by another thread of this process
        }
    }

    private static boolean isDamage(SQLException e) {
        return e instanceof SQLiteException sqlite && DAMAGE.contains(primary(sqlite));
    }

    private static boolean isBusy(SQLiteException e) {
        return primary(e) == SQLiteErrorCode.SQLITE_BUSY;
    }

    /** SQLite's extended codes carry the primary one in their low byte. */
    private static SQLiteErrorCode primary(SQLiteException e) {
        return SQLiteErrorCode.getErrorCode(e.getResultCode().code & 0xff);
    }

    private static StateException failure(StateDirectory directory, SQLException e) {
        return new StateException(
                directory.database()
                        + " failed ("
                        + e.getMessage()
                        + "): look for a full disk or a file that is not the daemon's own",
                e);
    }
}
