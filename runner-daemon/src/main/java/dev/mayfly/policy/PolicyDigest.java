package dev.mayfly.policy;

import dev.mayfly.job.PoolName;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;

/** Names a policy by what it says: its files as they are, and what pools switch on. */
public final class PolicyDigest {

    private PolicyDigest() {}

    /**
     * The name.
     *
     * @param pools by pool
     * @param files their texts, in order
     * @return 64 hexadecimal digits
     */
    public static String of(Map<PoolName, PoolRules> pools, List<String> files) {
        StringBuilder all = new StringBuilder();
        pools.entrySet().stream()
                .sorted(Comparator.comparing(entry -> entry.getKey().value()))
                .forEach(entry ->
                        all.append(entry.getKey())
                                .append(' ')
                                .append(entry.getValue().canonical())
                                .append('\n'));
        files.forEach(text -> all.append(text.length()).append(':').append(text));
        try {
            return HexFormat.of()
                    .formatHex(
                            MessageDigest.getInstance("SHA-256")
                                    .digest(all.toString().getBytes(StandardCharsets.UTF_8)));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }
}
