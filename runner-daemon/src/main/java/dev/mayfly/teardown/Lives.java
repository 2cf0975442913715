package dev.mayfly.teardown;

import dev.mayfly.job.LifeId;
import dev.mayfly.state.StateDirectory;
import dev.mayfly.state.StateException;
import dev.mayfly.state.TimeOrderedName;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Clock;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * This process's life, and who else is alive. Each life holds an operating system's lock on a file
 * of its own: the kernel lets go of it however the process ends.
 */
public final class Lives implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(Lives.class);

    private static final String SUFFIX = ".lock";

    /**
     * Locked by this process, which is a fact of the process and so the one static state: POSIX
     * drops a process's lock when the process closes any descriptor of the file, so these are not
     * opened again.
     */
    private static final Set<Path> HELD = ConcurrentHashMap.newKeySet();

    private final StateDirectory directory;
    private final LifeId current;
    private final String daemonId;
    private final Path file;
    private final FileChannel channel;

    private Lives(
            StateDirectory directory,
            LifeId current,
            String daemonId,
            Path file,
            FileChannel channel) {
        this.directory = directory;
        this.current = current;
        this.daemonId = daemonId;
        this.file = file;
        this.channel = channel;
    }

    /**
     * Begins this process's life.
     *
     * @throws StateException naming the file that could not be made or locked
     */
    public static Lives begin(StateDirectory directory, Clock clock) {
        directory.create();
        LifeId life = new LifeId(TimeOrderedName.of("l-", clock.instant()));
        Path file = directory.lives().resolve(life + SUFFIX);
        Path draft = directory.lives().resolve(life + ".new");
        try {
            String daemonId = daemonId(directory, clock);
            FileChannel channel =
                    FileChannel.open(
                            draft,
                            Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE),
                            PosixFilePermissions.asFileAttribute(StateDirectory.PRIVATE_FILE));
            // Locked before it gets its name: nobody may see it unlocked and take us for dead.
            if (channel.tryLock() == null) {
                channel.close();
                throw new IOException("somebody else locked a file that nobody knows");
            }
            HELD.add(file);
            Files.move(draft, file, StandardCopyOption.ATOMIC_MOVE);
            return new Lives(directory, life, daemonId, file, channel);
        } catch (IOException e) {
            throw new StateException(
                    file
                            + " cannot be made and locked ("
                            + e
                            + "): the state directory must be on a local file system",
                    e);
        }
    }

    /** This process's life. */
    public LifeId current() {
        return current;
    }

    /** What tells this daemon from others on the same engine; the same in each of its lives. */
    public String daemonId() {
        return daemonId;
    }

    /** The lives whose process runs, this one included. */
    public Set<LifeId> living() {
        Set<LifeId> living = new HashSet<>();
        living.add(current);
        try (DirectoryStream<Path> files =
                Files.newDirectoryStream(directory.lives(), "*" + SUFFIX)) {
            for (Path lock : files) {
                if (isHeld(lock)) {
                    living.add(life(lock));
                }
            }
        } catch (IOException e) {
            throw new StateException(
                    directory.lives() + " cannot be read (" + e + "): it must belong to the daemon",
                    e);
        }
        return living;
    }

    /** Deletes the files of dead lives. Only tidies: a life without a file is dead as well. */
    public void forgetDead() {
        try (DirectoryStream<Path> files =
                Files.newDirectoryStream(directory.lives(), "*" + SUFFIX)) {
            for (Path lock : files) {
                if (!isHeld(lock)) {
                    Files.deleteIfExists(lock);
                }
            }
        } catch (IOException e) {
            LOG.warn("Files of dead lives in {} remain: {}", directory.lives(), e.toString());
        }
    }

    /** Ends this life: from now on whatever it left is an orphan. */
    @Override
    public void close() {
        try {
            Files.deleteIfExists(file);
            channel.close();
        } catch (IOException e) {
            LOG.warn("{} could not be removed: {}", file, e.toString());
        } finally {
            HELD.remove(file);
        }
    }

    private static boolean isHeld(Path lock) throws IOException {
        if (HELD.contains(lock)) {
            return true;
        }
        try (FileChannel channel = FileChannel.open(lock, StandardOpenOption.WRITE);
                FileLock got = channel.tryLock()) {
            return got == null;
        } catch (NoSuchFileException e) {
            return false; // deleted meanwhile, by its own life or by another sweep
        } catch (OverlappingFileLockException e) {
            return true; // another thread of this process is asking: too early to say it is dead
        }
    }

    private static LifeId life(Path lock) {
        String name = lock.getFileName().toString();
        return new LifeId(name.substring(0, name.length() - SUFFIX.length()));
    }

    private static String daemonId(StateDirectory directory, Clock clock) throws IOException {
        Path file = directory.daemonId();
        if (!Files.exists(file)) {
            Path draft =
                    Files.createTempFile(
                            directory.root(),
                            ".daemon-id",
                            null,
                            PosixFilePermissions.asFileAttribute(StateDirectory.PRIVATE_FILE));
            try {
                Files.writeString(
                        draft, TimeOrderedName.of("d-", clock.instant()), StandardOpenOption.DSYNC);
                // A link does not replace: of two processes that begin at once, both use the
                // first's.
                Files.createLink(file, draft);
            } catch (FileAlreadyExistsException e) {
                LOG.debug("Another process has named this daemon just now");
            } finally {
                Files.delete(draft);
            }
        }
        return new LifeId(Files.readString(file).strip()).value();
    }
}
