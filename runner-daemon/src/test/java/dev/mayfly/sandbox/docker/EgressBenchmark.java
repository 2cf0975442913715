package dev.mayfly.sandbox.docker;

import dev.mayfly.egress.EgressPolicy;
import dev.mayfly.egress.EgressRecords;
import dev.mayfly.egress.EgressRule;
import dev.mayfly.egress.Gateway;
import dev.mayfly.egress.JobOutlet;
import dev.mayfly.egress.KnownDestinations;
import dev.mayfly.egress.Outside;
import dev.mayfly.job.JobId;
import dev.mayfly.job.NetworkAccess;
import dev.mayfly.logs.LogBenchmark;
import dev.mayfly.sandbox.ImageTerms;
import dev.mayfly.sandbox.Sandbox;
import dev.mayfly.sandbox.SandboxLimits;
import dev.mayfly.sandbox.SandboxSpec;
import java.io.IOException;
import java.io.PrintStream;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * What a job's connections cost that are filtered, beside those of a job that reaches the same
 * server directly: in turn, in one process. Needs an engine on this host and the agent image.
 */
final class EgressBenchmark {

    private static final String NAME = "server.example";
    private static final SandboxLimits LIMITS =
            new SandboxLimits(
                    1L << 30, Runtime.getRuntime().availableProcessors(), 128, 1024, 256L << 20);

    private final Fixture fixture = new Fixture();
    private final int rounds;
    private final int megabytes;
    private final Map<String, Map<String, List<Double>>> figures = new LinkedHashMap<>();

    private EgressBenchmark(int rounds, int megabytes) {
        this.rounds = rounds;
        this.megabytes = megabytes;
    }

    /**
     * Runs.
     *
     * @param arguments {@code quick} or {@code full}
     */
    public static void main(String[] arguments) throws InterruptedException, IOException {
        boolean quick = arguments[0].equals("quick");
        EgressBenchmark benchmark = new EgressBenchmark(quick ? 5 : 11, quick ? 64 : 256);
        try {
            benchmark.run(System.out);
        } finally {
            benchmark.fixture.close();
        }
    }

    /** One way from a job to the server. */
    private record Way(String name, Sandbox sandbox, String server, String arguments) {}

    private void run(PrintStream out) throws InterruptedException, IOException {
        String conditions = LogBenchmark.conditions();
        List<JobId> jobs = new ArrayList<>();
        InetAddress host = Outside.host();
        try (Outside outside = Outside.plain();
                Gateway gateway =
                        new Gateway(
                                name -> List.of(host),
                                EgressRecords.NONE,
                                KnownDestinations.NONE)) {
            String direct = host.getHostAddress() + ":" + outside.port();
            String named = NAME + ":" + outside.port();
            EgressPolicy policy =
                    new EgressPolicy(
                            EgressPolicy.Mode.ALLOW,
                            List.of(EgressRule.parse(direct), EgressRule.parse(named)),
                            false,
                            64);
            Sandbox open = sandbox(jobs, null);
            Sandbox filtered = sandbox(jobs, outlet(gateway, policy));
            List<Way> ways =
                    List.of(
                            new Way("direct", open, direct, "--noproxy '*'"),
                            new Way("proxy", filtered, named, ""),
                            new Way("tunnel", filtered, named, "--proxytunnel"),
                            new Way("by name, no proxy", filtered, named, "--noproxy '*'"));
            for (int round = -1; round < rounds; round++) {
                for (Way way : ways) {
                    measure(way, round >= 0);
                }
                measureStart("direct", null, round >= 0);
                measureStart("proxy", outlet(gateway, policy), round >= 0);
            }
            print(out, conditions, ways);
        } finally {
            for (JobId job : jobs) {
                fixture.backend.destroy(job);
            }
        }
    }

    private static Function<SandboxSpec, JobOutlet> outlet(Gateway gateway, EgressPolicy policy) {
        return spec ->
                gateway.open(
                        policy,
                        new Gateway.Traveller(spec.job(), spec.pool(), "bench"),
                        null,
                        news -> {});
    }

    private SandboxSpec spec(@Nullable Function<SandboxSpec, JobOutlet> outlet) {
        SandboxSpec s = Fixture.with(fixture.spec(), NetworkAccess.FULL);
        return new SandboxSpec(
                s.job(),
                s.pool(),
                s.image(),
                s.services(),
                s.registries(),
                s.network(),
                s.checkout(),
                s.directory(),
                LIMITS,
                s.hardening(),
                outlet == null ? null : outlet.apply(s),
                ImageTerms.NONE);
    }

    private Sandbox sandbox(List<JobId> jobs, @Nullable Function<SandboxSpec, JobOutlet> outlet)
            throws InterruptedException {
        SandboxSpec spec = spec(outlet);
        jobs.add(spec.job());
        Sandbox sandbox = fixture.create(spec);
        Fixture.run(sandbox, "head -c " + megabytes + "000000 /dev/zero >/workspace/zeros");
        return sandbox;
    }

    private void measureStart(
            String way, @Nullable Function<SandboxSpec, JobOutlet> outlet, boolean counted)
            throws InterruptedException {
        SandboxSpec spec = spec(outlet);
        long start = System.nanoTime();
        fixture.create(spec);
        double millis = (System.nanoTime() - start) / 1e6;
        start = System.nanoTime();
        fixture.backend.destroy(spec.job());
        double end = (System.nanoTime() - start) / 1e6;
        if (counted) {
            add("making the environment, ms", way, millis);
            add("destroying it, ms", way, end);
        }
    }

    private void measure(Way way, boolean counted) throws InterruptedException {
        String curl = "curl -sS -f " + way.arguments() + " ";
        String url = "http://" + way.server() + "/";
        double down =
                number(way, curl + "-o /dev/null -w '%{speed_download}' " + url + bytes(megabytes));
        double up =
                number(
                        way,
                        curl
                                + "-H Expect: -o /dev/null -w '%{speed_upload}' -T /workspace/zeros "
                                + url);
        String many =
                "%s--parallel --parallel-immediate --parallel-max 8 -o /dev/null '%sbytes/%d00000?[1-10]' 2>/dev/null"
                        .formatted(curl, url, megabytes);
        double together =
                number(
                        way,
                        "begin=$(date +%%s%%N); %s; echo $(( %d000000000 / (($(date +%%s%%N) - begin) / 1000000) ))"
                                .formatted(many, megabytes));
        List<Double> latencies =
                numbers(
                        way,
                        curl + "-o /dev/null -w '%{time_starttransfer}\\n' '" + url + "[1-50]'");
        if (counted) {
            add("download, MB/s", way.name(), down / 1e6);
            add("upload, MB/s", way.name(), up / 1e6);
            add("ten downloads, eight at once, MB/s", way.name(), together / 1e6);
            add("new connection to first byte, ms", way.name(), 1000 * median(latencies));
        }
    }

    private static String bytes(int megabytes) {
        return "bytes/" + megabytes + "000000";
    }

    private void add(String what, String way, double figure) {
        figures.computeIfAbsent(what, ignored -> new LinkedHashMap<>())
                .computeIfAbsent(way, ignored -> new ArrayList<>())
                .add(figure);
    }

    private static double number(Way way, String line) throws InterruptedException {
        return numbers(way, line).getFirst();
    }

    private static List<Double> numbers(Way way, String line) throws InterruptedException {
        String output = Fixture.run(way.sandbox(), line).output();
        try {
            return output.strip().lines().map(Double::valueOf).toList();
        } catch (NumberFormatException e) {
            throw new IllegalStateException("%s, %s: %s".formatted(way.name(), line, output), e);
        }
    }

    private void print(PrintStream out, String conditions, List<Way> ways)
            throws InterruptedException {
        out.printf(
                "%s; engine %s. Median of %d rounds with %d MB each, after one that is not counted.%n%n",
                conditions, fixture.engine.version().getVersion(), rounds, megabytes);
        out.print("| |");
        ways.forEach(way -> out.printf(" %s |", way.name()));
        out.printf(" proxy of direct |%n|---|");
        ways.forEach(way -> out.print("---:|"));
        out.printf("---:|%n");
        figures.forEach((what, byWay) -> {
            out.printf("| %s |", what);
            for (Way way : ways) {
                List<Double> those = byWay.get(way.name());
                out.print(those == null ? " - |" : " %.1f |".formatted(median(those)));
            }
            out.printf(
                    " %.0f %% |%n",
                    100
                            * median(byWay.getOrDefault("proxy", List.of()))
                            / median(byWay.getOrDefault("direct", List.of())));
        });
    }

    private static double median(List<Double> values) {
        List<Double> sorted = values.stream().sorted().toList();
        return sorted.isEmpty() ? Double.NaN : sorted.get(sorted.size() / 2);
    }
}
