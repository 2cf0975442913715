package dev.mayfly.secrets.vault;

import dev.mayfly.job.Facts;
import dev.mayfly.job.PoolName;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What the jobs of one pool may have of the server, and as whom they ask. At least one of the two
 * ways to an identity is there.
 *
 * @param pool the pool
 * @param minted how the daemon makes a token for a job, or null when it does not
 * @param exchanged how a job's identity token becomes one, or null when it does not
 * @param allowed what may be asked for; all else is refused without asking the server
 * @param bindings what jobs get without asking
 */
public record PoolAccess(
        PoolName pool,
        @Nullable TokenRole minted,
        @Nullable IdentityRole exchanged,
        List<Allowance> allowed,
        List<Binding> bindings) {

    public PoolAccess {
        allowed = List.copyOf(allowed);
        bindings = List.copyOf(bindings);
    }

    /** For which jobs something is, by what no author of a job can choose. */
    @FunctionalInterface
    public interface Rule {

        /** For every job. */
        Rule NONE = (_, _) -> "";

        /** Why it is not for such a job, or the empty string when it is. */
        String objection(PoolName pool, Facts.Trusted known);
    }

    /**
     * A token role of the server.
     *
     * @param name below {@code auth/token/roles/}
     * @param policies of each token, or empty for all that the role allows
     */
    public record TokenRole(String name, List<String> policies) {
        public TokenRole {
            policies = List.copyOf(policies);
        }
    }

    /**
     * A role of a JWT auth method.
     *
     * @param mount of the auth method
     * @param role to log in to
     * @param others further roles of the method that a job may name in place of it
     * @param boundClaims what the role is to be bound to at the server beside what all that is
     *     allowed has in common, any of a list
     * @param variable of the job that holds its identity token
     */
    public record IdentityRole(
            String mount,
            String role,
            List<String> others,
            Map<String, List<String>> boundClaims,
            String variable) {
        public IdentityRole {
            others = List.copyOf(others);
            boundClaims = Map.copyOf(boundClaims);
        }

        /** Bound to what is allowed alone. */
        public IdentityRole(String mount, String role, List<String> others, String variable) {
            this(mount, role, others, Map.of(), variable);
        }

        boolean serves(String named) {
            return named.equals(role) || others.contains(named);
        }
    }

    /**
     * Paths, and for whom.
     *
     * @param paths as in the server's policies: {@code +} stands for one segment, {@code *} at the
     *     end for any rest
     * @param when the values that claims must have, any of a list; empty for every job
     * @param rule over what is known of the job; must be met too
     */
    public record Allowance(List<String> paths, Map<String, List<String>> when, Rule rule) {
        public Allowance {
            paths = List.copyOf(paths);
            when = Map.copyOf(when);
        }

        /** Without a rule. */
        public Allowance(List<String> paths, Map<String, List<String>> when) {
            this(paths, when, Rule.NONE);
        }

        boolean covers(String path) {
            return paths.stream().anyMatch(pattern -> matches(pattern, path));
        }

        private static boolean matches(String pattern, String path) {
            boolean open = pattern.endsWith("*");
            String[] wanted =
                    (open ? pattern.substring(0, pattern.length() - 1) : pattern).split("/", -1);
            String[] given = path.split("/", -1);
            if (open ? given.length < wanted.length : given.length != wanted.length) {
                return false;
            }
            for (int i = 0; i < wanted.length; i++) {
                boolean last = open && i == wanted.length - 1;
                boolean fits =
                        wanted[i].equals("+")
                                || (last
                                        ? given[i].startsWith(wanted[i])
                                        : given[i].equals(wanted[i]));
                if (!fits) {
                    return false;
                }
            }
            return true;
        }
    }

    /**
     * A secret that jobs get without asking.
     *
     * @param name of the file and the variable
     * @param reference what is fetched, with {@code vault:} before it
     * @param asVariable whether it is a variable too
     * @param template text in which <code>{{FIELD}}</code> stands for a field's value, or null for
     *     the value that the reference names
     * @param when the values that claims must have for a job to get it; empty for every job
     * @param rule over what is known of the job; must be met too
     */
    public record Binding(
            String name,
            String reference,
            boolean asVariable,
            @Nullable String template,
            Map<String, List<String>> when,
            Rule rule) {
        public Binding {
            when = Map.copyOf(when);
        }

        /** Without a rule. */
        public Binding(
                String name,
                String reference,
                boolean asVariable,
                @Nullable String template,
                Map<String, List<String>> when) {
            this(name, reference, asVariable, template, when, Rule.NONE);
        }
    }
}
