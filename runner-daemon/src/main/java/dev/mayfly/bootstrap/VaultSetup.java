package dev.mayfly.bootstrap;

import dev.mayfly.config.MayflySettings;
import dev.mayfly.config.VaultSettings;
import dev.mayfly.job.PoolName;
import dev.mayfly.job.SecretValue;
import dev.mayfly.secrets.vault.VaultBootstrap;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/** What a Vault has to hold for a configuration. */
public final class VaultSetup {

    private final dev.mayfly.secrets.vault.VaultSettings settings;
    private final String name;
    private final Map<PoolName, Duration> timeouts;

    private VaultSetup(
            dev.mayfly.secrets.vault.VaultSettings settings,
            String name,
            Map<PoolName, Duration> timeouts) {
        this.settings = settings;
        this.name = name;
        this.timeouts = Map.copyOf(timeouts);
    }

    /** Empty for a configuration without a Vault. */
    public static Optional<VaultSetup> of(MayflySettings settings) {
        VaultSettings configured = settings.secrets().vault();
        if (configured == null) {
            return Optional.empty();
        }
        return Optional.of(
                new VaultSetup(
                        VaultParts.of(configured),
                        configured.name(),
                        settings.pools().stream()
                                .collect(
                                        Collectors.toMap(
                                                pool -> pool.terms().pool(),
                                                pool -> pool.terms().timeout()))));
    }

    /** What the configuration has to say before anything can be written; empty when nothing. */
    public List<String> troubles() {
        return VaultBootstrap.troubles(settings);
    }

    private List<VaultBootstrap.Step> steps() {
        return VaultBootstrap.steps(settings, name, timeouts);
    }

    /**
     * Commands of a shell that write it, where there are no {@link #troubles}.
     *
     * @param replacing whether they take away what is there by the same names
     */
    public List<String> commands(boolean replacing) {
        return VaultBootstrap.script(steps(), replacing);
    }

    /**
     * Writes it, where there are no {@link #troubles}.
     *
     * @param replacing whether that takes away what is there by the same names
     * @param operator a token that may
     * @throws dev.mayfly.job.FaultException saying what could not be written and why
     */
    public void apply(boolean replacing, SecretValue operator) throws InterruptedException {
        VaultBootstrap.apply(settings, steps(), replacing, operator);
    }
}
