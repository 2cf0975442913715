package dev.mayfly.config;

import dev.mayfly.egress.EgressPolicy;
import dev.mayfly.egress.EgressRule;
import dev.mayfly.job.NetworkAccess;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Reads how far the jobs of a pool may reach: {@code network}, or {@code egress} in its place. */
final class EgressBinding {

    private static final String EGRESS = "egress";
    private static final String NONE = "none";

    private EgressBinding() {}

    private static boolean isFiltered(Section pool) {
        return !pool.value().path(EGRESS).isMissingNode();
    }

    /** What a schema cannot say of it. */
    static void check(Section pool) {
        if (!isFiltered(pool)) {
            return;
        }
        Section egress = pool.section(EGRESS);
        if (pool.has("network")) {
            pool.report(
                    "network",
                    "says how far jobs reach, and so does egress",
                    "remove network; egress.mode says none, allow or open");
        }
        List<?> allow = egress.texts("allow");
        if (egress.has("mode") && egress.text("mode").equals(NONE) && !allow.isEmpty()) {
            egress.report(
                    "allow", "is for nothing with mode: none", "write mode: allow, or remove it");
        }
        for (int i = 0; i < egress.value().path("allow").size(); i++) {
            String rule = egress.value().path("allow").get(i).asText();
            try {
                EgressRule.parse(rule);
            } catch (IllegalArgumentException e) {
                egress.review()
                        .report(
                                egress.pointer("allow").appendIndex(i),
                                "is no destination: " + rule,
                                String.valueOf(e.getMessage()));
            }
        }
    }

    /** The farthest that a job may ask to reach. */
    static NetworkAccess network(Section pool) {
        if (!isFiltered(pool)) {
            return NetworkAccess.valueOf(pool.text("network").toUpperCase(Locale.ROOT));
        }
        return pool.section(EGRESS).text("mode").equals(NONE)
                ? NetworkAccess.NONE
                : NetworkAccess.FULL;
    }

    /** What filters it, or null where nothing does or there is nothing to filter. */
    static @Nullable EgressPolicy policy(Section pool) {
        if (!isFiltered(pool) || pool.section(EGRESS).text("mode").equals(NONE)) {
            return null;
        }
        Section egress = pool.section(EGRESS);
        return new EgressPolicy(
                EgressPolicy.Mode.valueOf(egress.text("mode").toUpperCase(Locale.ROOT)),
                egress.texts("allow").stream().map(EgressRule::parse).toList(),
                egress.flag("audit_only"),
                egress.number("connections"));
    }
}
