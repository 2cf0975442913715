package dev.mayfly.execution;

import dev.mayfly.admission.Gate;
import dev.mayfly.audit.AuditTrail;
import dev.mayfly.egress.Gateway;
import dev.mayfly.job.LifeId;
import dev.mayfly.logs.SpoolSettings;
import dev.mayfly.metrics.JobMetrics;
import dev.mayfly.sandbox.SandboxBackend;
import dev.mayfly.secrets.SecretsProvider;
import dev.mayfly.teardown.Journal;
import dev.mayfly.teardown.Reaper;

/**
 * What a job passes through, in this order, and what it leaves its traces in.
 *
 * @param gate may it run here
 * @param secrets what it may know
 * @param sandboxes where it runs
 * @param gateway by which it connects to others
 * @param reaper what destroys it
 * @param journal what remembers it over a crash
 * @param metrics what counts it
 * @param audit what remembers it for those who ask later
 * @param storage what it may have of files that jobs exchange
 * @param spool how far its log's slow sinks may fall behind
 * @param life the life of this process
 */
public record Stages(
        Gate gate,
        SecretsProvider secrets,
        SandboxBackend sandboxes,
        Gateway gateway,
        Reaper reaper,
        Journal journal,
        JobMetrics metrics,
        AuditTrail audit,
        Storage storage,
        SpoolSettings spool,
        LifeId life) {}
