package dev.mayfly.secrets.file;

import dev.mayfly.job.Fault;
import dev.mayfly.job.FaultException;
import dev.mayfly.job.PoolName;
import dev.mayfly.job.SecretValue;
import java.io.IOException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * Changes the secrets file. A running daemon sees each change with its next job, because it reads
 * the file for each.
 *
 * <p>Safe for use by many threads and processes. Each change is on the disk when its method
 * returns, or has not happened. Every method throws {@link FaultException} with {@code SECRET},
 * naming the file, the cause and the cure, when key or file are not as they must be.
 */
public final class SecretStore {

    /** What a value may have at most, in bytes. */
    public static final int MAX_VALUE_BYTES = 64 * 1024;

    /**
     * What masking needs, in bytes without the blanks around them: shorter values are in every log
     * by chance.
     */
    public static final int MIN_MASKABLE_BYTES = 6;

    /** What a name must be, in words. */
    static final String NAME_RULE =
            "1 to 128 letters, digits, dots, underscores, slashes and dashes, beginning with a"
                    + " letter or a digit";

    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._/-]{0,127}");
    private static final Duration TURN = Duration.ofSeconds(10);

    private final SecretsFile file;
    private final InstantSource clock;

    /**
     * Does no I/O.
     *
     * @param file the encrypted file; made with the first secret
     * @param key what it is encrypted with
     */
    public SecretStore(Path file, KeyLocation key, InstantSource clock) {
        this(new SecretsFile(file, new KeyFile(key, PrivateFiles.runningUser())), clock);
    }

    SecretStore(SecretsFile file, InstantSource clock) {
        this.file = file;
        this.clock = clock;
    }

    /**
     * Whether a text can be a secret's name: 1 to 128 letters, digits, dots, underscores, slashes
     * and dashes, beginning with a letter or a digit.
     */
    public static boolean isName(String text) {
        return NAME.matcher(text).matches();
    }

    /**
     * Stores a value, in the place of an earlier one of that name.
     *
     * @param value any bytes, 1 to {@value #MAX_VALUE_BYTES}; copied
     * @param pools whose jobs may read it; empty to leave the pools of an existing secret as they
     *     are
     * @param allowShort whether a value is stored although it is shorter than {@value
     *     #MIN_MASKABLE_BYTES} bytes and masking cannot protect it
     */
    public SetOutcome set(String name, byte[] value, Set<PoolName> pools, boolean allowShort)
            throws InterruptedException {
        Optional<String> objection = objectionTo(name, value, allowShort);
        if (objection.isPresent()) {
            return new SetOutcome.Refused(objection.get());
        }
        try (WriteLock _ = lock();
                SecretsDocument document = file.read()) {
            Optional<SecretEntry> earlier = document.find(name).map(StoredSecret::entry);
            Set<PoolName> readers =
                    pools.isEmpty() ? earlier.map(SecretEntry::pools).orElse(Set.of()) : pools;
            if (readers.isEmpty()) {
                return new SetOutcome.Refused(
                        "\""
                                + name
                                + "\" is new and no pool may read it yet: name one or more with"
                                + " --pool");
            }
            Instant now = clock.instant().truncatedTo(ChronoUnit.MILLIS);
            Instant created = earlier.map(SecretEntry::created).orElse(now);
            document.put(
                    new StoredSecret(
                            new SecretEntry(name, readers, created, now), new SecretValue(value)));
            file.write(document, file.keyFile().read());
            return new SetOutcome.Stored(earlier.isPresent(), isMaskable(value));
        } catch (IOException e) {
            throw unlockable(e);
        }
    }

    private static Optional<String> objectionTo(String name, byte[] value, boolean allowShort) {
        if (!isName(name)) {
            return Optional.of("a secret's name must be " + NAME_RULE + ", got \"" + name + "\"");
        }
        if (value.length == 0) {
            return Optional.of(
                    "the value of \""
                            + name
                            + "\" is empty: give it on standard input, and check the command that"
                            + " should have printed it");
        }
        if (value.length > MAX_VALUE_BYTES) {
            return Optional.of(
                    "the value of \""
                            + name
                            + "\" is longer than "
                            + MAX_VALUE_BYTES
                            + " bytes: keep such data elsewhere, encrypted, and store its key"
                            + " here");
        }
        if (!isMaskable(value) && !allowShort) {
            return Optional.of(
                    "the value of \""
                            + name
                            + "\" is shorter than "
                            + MIN_MASKABLE_BYTES
                            + " bytes, blanks around it not counted, so masking cannot protect it in"
                            + " logs: use a longer one, or --allow-short if it may be seen");
        }
        return Optional.empty();
    }

    private static boolean isMaskable(byte[] value) {
        int from = 0;
        int to = value.length;
        while (from < to && isBlank(value[from])) {
            from++;
        }
        while (from < to && isBlank(value[to - 1])) {
            to--;
        }
        return to - from >= MIN_MASKABLE_BYTES;
    }

    private static boolean isBlank(byte b) {
        return b == ' ' || b == '\t' || b == '\r' || b == '\n';
    }

    /** What is stored, by name, without values. */
    public List<SecretEntry> list() {
        try (SecretsDocument document = file.read()) {
            return document.all().stream().map(StoredSecret::entry).toList();
        }
    }

    /**
     * Removes a secret.
     *
     * @return whether there was one of that name
     */
    public boolean remove(String name) throws InterruptedException {
        try (WriteLock _ = lock();
                SecretsDocument document = file.read()) {
            boolean removed = document.remove(name);
            if (removed) {
                file.write(document, file.keyFile().read());
            }
            return removed;
        } catch (IOException e) {
            throw unlockable(e);
        }
    }

    /**
     * Makes the key file, unless there is one.
     *
     * @return whether it was made
     * @throws FaultException when it is missing although there are secrets, which a new key could
     *     not decrypt, or when it is systemd's to make
     */
    public boolean createKeyIfMissing() throws InterruptedException {
        KeyFile keyFile = file.keyFile();
        try (WriteLock _ = lock()) {
            if (!keyFile.exists()
                    && !file.exists()
                    && keyFile.location() instanceof KeyLocation.OwnFile) {
                PrivateFiles.createDirectoryOf(keyFile.location().path());
                keyFile.write(Keyset.generate());
                return true;
            }
            Keyset _ = keyFile.read();
            return false;
        } catch (IOException | GeneralSecurityException e) {
            throw unwritableKey(e);
        }
    }

    /**
     * Encrypts everything with a new key and ends the old one. A copy of the secrets file made
     * before can be decrypted with a copy of the key made before only.
     *
     * <p>In three steps, each of which leaves a pair that can be read, so it may be interrupted
     * anywhere and done again: the key file gets a second key, the secrets file is written with it,
     * the key file loses the first.
     *
     * @throws FaultException when the key is systemd's: it must be rotated where it is kept
     */
    public void rotateKey() throws InterruptedException {
        KeyFile keyFile = file.keyFile();
        if (keyFile.location() instanceof KeyLocation.SystemdCredential) {
            throw new FaultException(
                    Fault.SECRET,
                    "the key in "
                            + keyFile.location().path()
                            + " is systemd's and cannot be replaced there: rotate the file that"
                            + " LoadCredential= names, then restart the service");
        }
        try (WriteLock _ = lock();
                SecretsDocument document = file.read()) {
            Keyset both = keyFile.read().withNewPrimary();
            keyFile.write(both);
            if (file.exists()) {
                file.write(document, both);
            }
            keyFile.write(both.withPrimaryOnly());
        } catch (IOException | GeneralSecurityException e) {
            throw unwritableKey(e);
        }
    }

    private WriteLock lock() throws IOException, InterruptedException {
        return WriteLock.on(file.path(), TURN);
    }

    private FaultException unlockable(IOException e) {
        return new FaultException(
                Fault.SECRET,
                "the lock beside the secrets file "
                        + file.path()
                        + " cannot be had: "
                        + e
                        + "; check the directory's owner and mode",
                e);
    }

    private FaultException unwritableKey(Exception e) {
        return new FaultException(
                Fault.SECRET,
                "the key file "
                        + file.keyFile().location().path()
                        + " or the lock of the secrets file cannot be written: "
                        + e
                        + "; check the directories' owner and mode",
                e);
    }
}
