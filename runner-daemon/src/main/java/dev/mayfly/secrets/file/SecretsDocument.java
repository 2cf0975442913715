package dev.mayfly.secrets.file;

import dev.mayfly.job.PoolName;
import dev.mayfly.job.SecretValue;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.time.Instant;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * All secrets in clear, and their form before encryption: binary, so that no value ever becomes a
 * String, which nobody could overwrite. Closing it overwrites every value.
 */
final class SecretsDocument implements AutoCloseable {

    private final SortedMap<String, StoredSecret> byName = new TreeMap<>();

    /** In the order of their names. */
    Collection<StoredSecret> all() {
        return byName.values();
    }

    Optional<StoredSecret> find(String name) {
        return Optional.ofNullable(byName.get(name));
    }

    void put(StoredSecret secret) {
        remove(secret.entry().name());
        byName.put(secret.entry().name(), secret);
    }

    /** Whether there was one; its value is overwritten. */
    boolean remove(String name) {
        StoredSecret removed = byName.remove(name);
        if (removed == null) {
            return false;
        }
        removed.value().forget();
        return true;
    }

    @Override
    public void close() {
        byName.values().forEach(secret -> secret.value().forget());
    }

    byte[] encode() throws IOException {
        var bytes = new ByteArrayOutputStream();
        var out = new DataOutputStream(bytes);
        out.writeInt(byName.size());
        for (StoredSecret secret : byName.values()) {
            encode(secret, out);
        }
        return bytes.toByteArray();
    }

    private static void encode(StoredSecret secret, DataOutputStream out) throws IOException {
        SecretEntry entry = secret.entry();
        out.writeUTF(entry.name());
        out.writeInt(entry.pools().size());
        for (PoolName pool : entry.pools()) {
            out.writeUTF(pool.value());
        }
        out.writeLong(entry.created().toEpochMilli());
        out.writeLong(entry.changed().toEpochMilli());
        byte[] value = secret.value().reveal();
        out.writeInt(value.length);
        out.write(value);
        Arrays.fill(value, (byte) 0);
    }

    /**
     * The reverse of {@link #encode()}.
     *
     * @param bytes authentic: what is wrong with them is a defect, not an attack
     * @throws IOException when they are something else
     */
    static SecretsDocument decode(byte[] bytes) throws IOException {
        var document = new SecretsDocument();
        var in = new DataInputStream(new ByteArrayInputStream(bytes));
        for (int left = in.readInt(); left > 0; left--) {
            document.put(decodeSecret(in));
        }
        if (in.read() != -1) {
            throw new IOException("there are bytes after the last secret");
        }
        return document;
    }

    private static StoredSecret decodeSecret(DataInputStream in) throws IOException {
        String name = in.readUTF();
        Set<PoolName> pools = new HashSet<>();
        for (int left = in.readInt(); left > 0; left--) {
            pools.add(new PoolName(in.readUTF()));
        }
        Instant created = Instant.ofEpochMilli(in.readLong());
        Instant changed = Instant.ofEpochMilli(in.readLong());
        byte[] value = new byte[in.readInt()];
        in.readFully(value);
        var secret =
                new StoredSecret(
                        new SecretEntry(name, pools, created, changed), new SecretValue(value));
        Arrays.fill(value, (byte) 0);
        return secret;
    }
}
