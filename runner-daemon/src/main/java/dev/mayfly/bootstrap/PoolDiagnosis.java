package dev.mayfly.bootstrap;

import dev.mayfly.bootstrap.Finding.Severity;
import dev.mayfly.config.PoolSettings;
import dev.mayfly.egress.EgressPolicy;
import dev.mayfly.execution.PoolTerms;
import dev.mayfly.job.NetworkAccess;
import dev.mayfly.sandbox.Barrier;
import dev.mayfly.sandbox.Hardening;
import dev.mayfly.sandbox.SandboxLimits;
import dev.mayfly.sandbox.docker.EngineFacts;
import dev.mayfly.sandbox.docker.EngineReport;
import java.util.ArrayList;
import java.util.List;

/** What the jobs of a pool get of what their engine can do. */
final class PoolDiagnosis {

    private final PoolSettings pool;
    private final PoolTerms terms;
    private final String about;
    private final List<Finding> findings = new ArrayList<>();

    private PoolDiagnosis(PoolSettings pool) {
        this.pool = pool;
        terms = pool.terms();
        about = "pool " + terms.pool();
    }

    static List<Finding> of(PoolSettings pool, EngineReport report) {
        PoolDiagnosis diagnosis = new PoolDiagnosis(pool);
        switch (report) {
            case EngineReport.Unreachable _ ->
                    diagnosis.bad("engine", pool.engine().host() + " does not answer", "see above");
            case EngineReport.Reachable reachable -> diagnosis.look(reachable);
        }
        return List.copyOf(diagnosis.findings);
    }

    private void look(EngineReport.Reachable report) {
        String lack = report.lacks().get(terms.pool());
        if (lack == null) {
            ok("engine", pool.engine().host().toString());
        } else {
            int cure = lack.lastIndexOf("; ");
            bad("engine", lack.substring(0, cure), lack.substring(cure + 2));
        }
        if (report.facts().software().runtimes().include(terms.hardening().barrier().runtime())) {
            kernel(report.facts());
        }
        root(report.facts().isolation());
        network();
        SandboxLimits limits = terms.limits();
        ok(
                "limits",
                "%d MiB, %s processors, %d processes, %d open files each; /tmp %d MiB; %s"
                        .formatted(
                                limits.memoryBytes() >> 20,
                                limits.cpus(),
                                limits.pids(),
                                limits.openFiles(),
                                limits.tmpBytes() >> 20,
                                terms.timeout()));
        if (terms.hardening().readOnlyRoot()) {
            ok("root file system", "read-only");
        } else {
            note("root file system", "writable", "set read_only_root: true");
        }
    }

    private void kernel(EngineFacts facts) {
        Hardening hardening = terms.hardening();
        Barrier barrier = hardening.barrier();
        String runtime =
                barrier.runtime().isEmpty()
                        ? facts.software().runtimes().usual()
                        : barrier.runtime();
        if (EngineDiagnosis.ownKernel(runtime)) {
            ok("kernel", runtime + ": one of its own between jobs and the host's");
            return;
        }
        String seccomp = hardening.seccompProfile().isEmpty() ? "the engine's" : "an own";
        String module =
                switch (facts.isolation().module()) {
                    case "apparmor" ->
                            barrier.appArmorProfile().isEmpty()
                                    ? "the engine's AppArmor profile"
                                    : "AppArmor profile " + barrier.appArmorProfile();
                    case "selinux" -> "SELinux";
                    default -> "no AppArmor";
                };
        String text =
                "%s: the host's, behind %s seccomp profile and %s"
                        .formatted(runtime, seccomp, module);
        if (hardening.seccompProfile().isEmpty()) {
            note("kernel", text, "set seccomp_profile to config/seccomp/job.json, or a runtime");
        } else {
            ok("kernel", text);
        }
    }

    private void root(EngineFacts.Isolation isolation) {
        if (terms.hardening().user() == Hardening.User.NON_ROOT) {
            ok("root", "nothing runs as root");
        } else if (isolation.rootIsNobody()) {
            ok("root", "where an image's user is root, that is nobody on the host");
        } else {
            note(
                    "root",
                    "where an image's user is root, that is the host's with seven capabilities",
                    "set user: non-root, or use an engine with user namespaces");
        }
    }

    private void network() {
        EgressPolicy egress = terms.egress();
        if (terms.network() == NetworkAccess.NONE) {
            ok("network", "none");
        } else if (egress == null) {
            note(
                    "network",
                    "wherever the engine's host can reach",
                    "set egress in the place of network: docs/egress.md");
        } else if (egress.auditOnly()) {
            note("network", "by name, and what is refused is only recorded", "end audit_only");
        } else {
            ok(
                    "network",
                    egress.mode() == EgressPolicy.Mode.OPEN
                            ? "by name, all but private addresses, the host and other jobs"
                            : "by name, only what is listed");
        }
    }

    private void ok(String what, String text) {
        findings.add(new Finding(about, Severity.OK, what, text, ""));
    }

    private void note(String what, String text, String cure) {
        findings.add(new Finding(about, Severity.NOTE, what, text, cure));
    }

    private void bad(String what, String text, String cure) {
        findings.add(new Finding(about, Severity.BAD, what, text, cure));
    }
}
