package dev.mayfly.bootstrap;

import dev.mayfly.config.VaultSettings;
import dev.mayfly.policy.TrustedCondition;
import dev.mayfly.policy.UndecidedException;
import dev.mayfly.secrets.vault.DaemonCredentials;
import dev.mayfly.secrets.vault.PoolAccess;
import dev.mayfly.secrets.vault.VaultConnection;
import org.jspecify.annotations.Nullable;

/** What the configuration says of Vault, in the words of the package that speaks to it. */
final class VaultParts {

    private VaultParts() {}

    static dev.mayfly.secrets.vault.VaultSettings of(VaultSettings configured) {
        VaultSettings.Server server = configured.server();
        VaultSettings.Tls tls = configured.tls();
        return new dev.mayfly.secrets.vault.VaultSettings(
                new VaultConnection(
                        server.address(),
                        server.others(),
                        server.namespace(),
                        new VaultConnection.Tls(
                                tls.authorities(), tls.clientCertificate(), tls.clientKey()),
                        server.timeout()),
                credentials(configured.auth()),
                server.tokenLife(),
                configured.pools().stream().map(VaultParts::access).toList());
    }

    private static DaemonCredentials credentials(VaultSettings.Auth auth) {
        return switch (auth) {
            case VaultSettings.Auth.AppRole role ->
                    new DaemonCredentials.AppRole(
                            role.mount(), role.roleId(), role.secretIdFile(), role.wrappedRole());
            case VaultSettings.Auth.Certificate(String mount, String role, var file) ->
                    new DaemonCredentials.Certificate(mount, role, file);
            case VaultSettings.Auth.Jwt(String mount, String role, var file) ->
                    new DaemonCredentials.SignedToken(mount, role, file);
            case VaultSettings.Auth.TokenFile(var file) -> new DaemonCredentials.AgentToken(file);
        };
    }

    private static PoolAccess access(VaultSettings.Pool pool) {
        return new PoolAccess(
                pool.name(),
                minted(pool.minted()),
                exchanged(pool.jwt()),
                pool.allowed().stream()
                        .map(one ->
                                new PoolAccess.Allowance(one.paths(), one.when(), rule(one.rule())))
                        .toList(),
                pool.bindings().stream()
                        .map(one ->
                                new PoolAccess.Binding(
                                        one.name(),
                                        one.reference(),
                                        one.variable(),
                                        one.template(),
                                        one.when(),
                                        rule(one.rule())))
                        .toList());
    }

    private static PoolAccess.Rule rule(@Nullable TrustedCondition condition) {
        if (condition == null) {
            return PoolAccess.Rule.NONE;
        }
        return (pool, known) -> {
            try {
                return condition.holds(pool, known) ? "" : "it is for jobs with " + condition;
            } catch (UndecidedException e) {
                return "it is for jobs with "
                        + condition
                        + ", which cannot be said of this one: "
                        + e.getMessage();
            }
        };
    }

    private static PoolAccess.@Nullable TokenRole minted(VaultSettings.@Nullable Minted role) {
        return role == null ? null : new PoolAccess.TokenRole(role.role(), role.policies());
    }

    private static PoolAccess.@Nullable IdentityRole exchanged(VaultSettings.@Nullable Jwt role) {
        return role == null
                ? null
                : new PoolAccess.IdentityRole(
                        role.mount(),
                        role.role(),
                        role.others(),
                        role.boundClaims(),
                        role.variable());
    }
}
