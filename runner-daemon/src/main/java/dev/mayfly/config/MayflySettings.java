package dev.mayfly.config;

import java.nio.file.Path;
import java.util.List;

/**
 * Everything that the configuration file says, checked, with all defaults filled in.
 *
 * @param daemon the process itself
 * @param engine the container engine
 * @param agent the agent image
 * @param api the HTTP interface
 * @param pools the most trusted first; never empty
 * @param policy rules for all pools
 * @param local the embedded source
 * @param gitlab runners at GitLab servers, each name once
 * @param exchange what jobs may hand to each other
 * @param secrets where secrets come from
 * @param audit the record of what happened
 */
public record MayflySettings(
        DaemonSettings daemon,
        EngineSettings engine,
        AgentSettings agent,
        ApiSettings api,
        List<PoolSettings> pools,
        PolicySettings policy,
        LocalSourceSettings local,
        List<GitLabSettings> gitlab,
        ExchangeSettings exchange,
        SecretsSettings secrets,
        AuditSettings audit) {

    public MayflySettings {
        pools = List.copyOf(pools);
        gitlab = List.copyOf(gitlab);
    }

    /** The same with other pools. */
    public MayflySettings withPools(List<PoolSettings> other) {
        return new MayflySettings(
                daemon, engine, agent, api, other, policy, local, gitlab, exchange, secrets, audit);
    }

    /** The same with state and audit trail elsewhere; what others derived from it stays. */
    public MayflySettings withStateDirectory(Path directory) {
        return new MayflySettings(
                new DaemonSettings(
                        directory, daemon.drainTimeout(), daemon.logSpoolBytes(), daemon.log()),
                engine,
                agent,
                api,
                pools,
                policy,
                local,
                gitlab,
                exchange,
                secrets,
                audit.in(directory));
    }
}
