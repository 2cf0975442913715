package dev.mayfly.job;

/**
 * Where a job's author says that a secret is, and as whom he wants to ask for it. It is held
 * against what the pool's configuration allows and never followed: whoever writes a job must not
 * choose where the daemon sends an identity token.
 *
 * @param server the address, as the author wrote it
 * @param namespace of the server, or empty when nothing is said of it
 * @param mount of the auth method, or empty when nothing is said of it
 * @param role to log in to, or empty for the pool's
 * @param token the identity token to log in with; empty when the job has none
 */
public record SecretAccount(
        String server, String namespace, String mount, String role, SecretValue token) {}
