package dev.mayfly.bootstrap;

import dev.mayfly.config.MayflySettings;
import dev.mayfly.config.VaultSettings;
import dev.mayfly.job.SecretValue;
import dev.mayfly.secrets.vault.VaultBootstrap;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/** What a Vault has to hold for a configuration. */
public final class VaultSetup {

    private final dev.mayfly.secrets.vault.VaultSettings settings;
    private final List<VaultBootstrap.Step> steps;

    private VaultSetup(
            dev.mayfly.secrets.vault.VaultSettings settings, List<VaultBootstrap.Step> steps) {
        this.settings = settings;
        this.steps = steps;
    }

    /** Empty for a configuration without a Vault. */
    public static Optional<VaultSetup> of(MayflySettings settings) {
        VaultSettings configured = settings.secrets().vault();
        if (configured == null) {
            return Optional.empty();
        }
        dev.mayfly.secrets.vault.VaultSettings vault = VaultParts.of(configured);
        return Optional.of(
                new VaultSetup(
                        vault,
                        VaultBootstrap.steps(
                                vault,
                                settings.pools().stream()
                                        .collect(
                                                Collectors.toMap(
                                                        pool -> pool.terms().pool(),
                                                        pool -> pool.terms().timeout())))));
    }

    /** Commands of a shell that write it. */
    public List<String> commands() {
        return steps.stream().map(VaultBootstrap.Step::shell).toList();
    }

    /**
     * Writes it.
     *
     * @param operator a token that may
     * @throws dev.mayfly.job.FaultException saying what could not be written and why
     */
    public void apply(SecretValue operator) throws InterruptedException {
        VaultBootstrap.apply(settings, steps, operator);
    }
}
