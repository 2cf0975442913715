package dev.mayfly.secrets.vault;

import dev.mayfly.secrets.vault.PoolAccess.TokenRole;

/** As whom something is asked for. What is asked for as the same one shares a login. */
sealed interface Identity {

    /**
     * By an identity token that came with the job. Prints without it.
     *
     * @param mount of the auth method
     * @param role to log in to
     * @param token in its text form
     */
    record Brought(String mount, String role, String token) implements Identity {
        @Override
        public String toString() {
            return "Brought[" + mount + ", " + role + "]";
        }
    }

    /** By a token that the daemon makes. */
    record Made(TokenRole role) implements Identity {}

    /**
     * By nothing: there is a way, and the job has not brought what it takes.
     *
     * @param advice for the job's author
     */
    record Missing(String advice) implements Identity {}

    /** What is known of the job then; nothing where no token says something. */
    default Claims claims() {
        return this instanceof Brought(var _, var _, String token) ? Claims.of(token) : Claims.NONE;
    }
}
