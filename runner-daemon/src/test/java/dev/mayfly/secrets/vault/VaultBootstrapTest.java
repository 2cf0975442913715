package dev.mayfly.secrets.vault;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mayfly.secrets.vault.PoolAccess.Allowance;
import dev.mayfly.secrets.vault.PoolAccess.IdentityRole;
import java.net.URI;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class VaultBootstrapTest {

    private static final PoolAccess.Rule RULE = (_, _) -> "never";

    private static VaultSettings settings(Map<String, List<String>> bound, Allowance... allowed) {
        return new VaultSettings(
                VaultFixture.plain(URI.create("http://127.0.0.1:8200")),
                new DaemonCredentials.AgentToken(Path.of("token")),
                List.of(
                        new PoolAccess(
                                VaultFixture.POOL,
                                null,
                                new IdentityRole("jwt", "deploy", List.of("x"), bound, "TOKEN"),
                                List.of(allowed),
                                List.of())));
    }

    private static Object boundClaims(VaultSettings settings) {
        return VaultBootstrap.steps(settings, "mayfly", Map.of()).stream()
                .filter(VaultBootstrap.Role.class::isInstance)
                .map(VaultBootstrap.Role.class::cast)
                .filter(role -> role.path().equals("auth/jwt/role/deploy"))
                .map(role -> role.body().get("bound_claims"))
                .findFirst()
                .orElseThrow();
    }

    private static Allowance allowed(String path, Map<String, List<String>> when) {
        return new Allowance(List.of(path), when);
    }

    private static void assertRefused(VaultSettings settings) {
        assertThat(VaultBootstrap.troubles(settings))
                .singleElement()
                .asString()
                .contains("pool trusted: vault.jwt.bound_claims is missing", "Say which jobs");
        assertThatThrownBy(() -> VaultBootstrap.steps(settings, "mayfly", Map.of()))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void roleIsBoundToWhatAllEntriesHaveInCommon() {
        Map<String, List<String>> project = Map.of("project_id", List.of("7"));
        VaultSettings settings =
                settings(
                        Map.of(),
                        allowed("a", project),
                        allowed(
                                "b",
                                Map.of(
                                        "project_id",
                                        List.of("7"),
                                        "ref_protected",
                                        List.of("true"))));

        assertThat(boundClaims(settings)).isEqualTo(project);
        assertThat(VaultBootstrap.steps(settings, "mayfly", Map.of()))
                .filteredOn(VaultBootstrap.Note.class::isInstance)
                .singleElement()
                .asString()
                .contains("deploy is bound to {project_id=[7]} alone");
    }

    @Test
    void ruleAloneBindsNothingAndIsRefused() {
        assertRefused(settings(Map.of(), new Allowance(List.of("a"), Map.of(), RULE)));
    }

    @Test
    void entriesWithNothingInCommonAreRefused() {
        assertRefused(
                settings(
                        Map.of(),
                        allowed("a", Map.of("project_id", List.of("7"))),
                        allowed("b", Map.of("project_id", List.of("8")))));
        assertRefused(settings(Map.of(), allowed("a", Map.of())));
    }

    @Test
    void whatTheOperatorSaysIsBoundBesideARule() {
        Map<String, List<String>> bound = Map.of("project_id", List.of("7", "8"));

        assertThat(boundClaims(settings(bound, new Allowance(List.of("a"), Map.of(), RULE))))
                .isEqualTo(bound);
    }

    @Test
    void otherRolesOfAPoolAreNamed() {
        Map<String, List<String>> bound = Map.of("project_id", List.of("7"));

        assertThat(VaultBootstrap.steps(settings(bound, allowed("a", bound)), "mayfly", Map.of()))
                .filteredOn(VaultBootstrap.ByHand.class::isInstance)
                .anyMatch(step -> step.toString().contains("auth/jwt/role/x like the role deploy"));
    }
}
