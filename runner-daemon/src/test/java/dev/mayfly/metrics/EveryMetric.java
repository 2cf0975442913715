package dev.mayfly.metrics;

import dev.mayfly.job.Fault;
import dev.mayfly.job.JobId;
import dev.mayfly.job.JobPhase;
import dev.mayfly.job.LifeId;
import dev.mayfly.job.Outcome;
import dev.mayfly.job.OwnedResource;
import dev.mayfly.job.PoolName;
import dev.mayfly.job.Receipt;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** A registry in which something of each kind was counted, and what a scrape of it shows. */
final class EveryMetric {

    private static final PoolName POOL = new PoolName("trusted");
    private static final JobId JOB = new JobId("j-1");
    private static final Pattern LABEL = Pattern.compile("(\\w+)=\"");

    private EveryMetric() {}

    /**
     * A row of the page about metrics.
     *
     * @param labels sorted
     */
    record Shown(String type, List<String> labels, String help) {}

    /** Of Mayfly. */
    static Exposition ofMayfly() {
        Exposition all = new Exposition();
        ofJobs(new JobMetrics(all.registry()));
        HostMetrics host = new HostMetrics(all.registry());
        host.build("0.1.0");
        host.insecure("engine", 0);
        host.engineCall("engine", "creating", Duration.ofMillis(3), true);
        host.watchExpiry("token", "vault", () -> Optional.of(Instant.EPOCH));
        host.watchDisk("state", () -> Optional.of(Path.of(".")));
        return all;
    }

    private static void ofJobs(JobMetrics jobs) {
        jobs.watchJobs(POOL, "local");
        jobs.jobClaimed(POOL, "local");
        jobs.waited(JOB, POOL, "local", Duration.ofSeconds(1));
        jobs.jobFinished(JOB, POOL, "local", new Outcome.Faulted(Fault.ENGINE, ""));
        jobs.phase(JOB, POOL, JobPhase.RUNNING, Duration.ofSeconds(1));
        jobs.watch(POOL, () -> 1, () -> 0, () -> 0);
        jobs.watchHealth(POOL, () -> true, () -> true, () -> true);
        jobs.watchSource("local", () -> true, () -> 0, () -> Duration.ZERO);
        jobs.watchBacklog(POOL, "local", () -> 0, () -> Duration.ZERO);
        jobs.watchQuarantine(() -> 0);
        jobs.watchUnrevoked(() -> 0);
        jobs.secretUsed("read", true);
        jobs.secretsFetched(POOL, 1);
        jobs.unmaskable(POOL, 1);
        jobs.withheld(POOL, JobMetrics.Files.ARTIFACTS);
        jobs.log(POOL, new JobMetrics.LogBytes(1, 1, 1, 1));
        jobs.masked(POOL, JobMetrics.Channel.LOG, "token", "exact", 1);
        jobs.teardown(
                POOL,
                Duration.ofSeconds(1),
                new Receipt(
                        JOB,
                        new LifeId("life-1"),
                        Instant.EPOCH,
                        List.of(
                                new Receipt.Disposal(
                                        new OwnedResource(OwnedResource.Kind.VOLUME, "v"),
                                        false,
                                        "asked"))));
        jobs.sweep(1, 0);
        jobs.ruleApplied("no-latest", "deny", true);
        jobs.decided("local", "admitted");
        jobs.watchPolicy(() -> false, () -> 0);
        jobs.watchEgress(POOL, List.of("allowed"));
        jobs.watchAudit(() -> 0, () -> Duration.ZERO, () -> 0);
        jobs.imageAge(POOL, Duration.ofDays(1));
        jobs.connection(POOL, "allowed", 1, 1, true);
    }

    /** Of the process and its Java machine, as they are from the start. */
    static Exposition ofProcess() {
        Exposition process = new Exposition();
        new HostMetrics(process.registry()).watchProcess();
        return process;
    }

    /** What a scrape shows, by name; histograms by their own. */
    static Map<String, Shown> shown(Exposition exposition) {
        List<String> lines = exposition.scrape("").text().lines().toList();
        Map<String, String> help = new TreeMap<>();
        Map<String, Shown> shown = new TreeMap<>();
        for (String line : lines) {
            String[] words = line.split(" ", 4);
            if (line.startsWith("# HELP ")) {
                help.put(words[2], words[3]);
            } else if (line.startsWith("# TYPE ")) {
                shown.put(
                        words[2],
                        new Shown(
                                words[3],
                                labels(words[2], words[3], lines),
                                help.getOrDefault(words[2], "")));
            }
        }
        return shown;
    }

    private static List<String> labels(String metric, String type, List<String> lines) {
        String sample = type.equals("histogram") ? metric + "_count" : metric;
        return lines.stream()
                .filter(line -> line.startsWith(sample + "{"))
                .flatMap(line -> LABEL.matcher(line).results())
                .map(label -> label.group(1))
                .distinct()
                .sorted()
                .collect(Collectors.toList());
    }
}
