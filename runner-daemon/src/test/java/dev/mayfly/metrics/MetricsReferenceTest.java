package dev.mayfly.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mayfly.job.Fault;
import dev.mayfly.job.JobId;
import dev.mayfly.job.JobPhase;
import dev.mayfly.job.LifeId;
import dev.mayfly.job.Outcome;
import dev.mayfly.job.OwnedResource;
import dev.mayfly.job.PoolName;
import dev.mayfly.job.Receipt;
import io.micrometer.core.instrument.Meter;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.lang.reflect.Field;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The page about metrics lists what a scrape shows, and nothing else. */
class MetricsReferenceTest {

    private static final Path PAGE = Path.of("..", "docs", "reference", "metrics.md");
    private static final Pattern ROW =
            Pattern.compile("^\\| `(mayfly_\\w+)` \\| (\\w+) \\| ([^|]*) \\| [^|]+\\|$");
    private static final Pattern NAME = Pattern.compile("mayfly_\\w+");
    private static final Pattern BY = Pattern.compile("by \\(([^)]*)\\) \\(increase\\((\\w+)");
    private static final Pattern LABEL = Pattern.compile("(\\w+)=\"");
    private static final PoolName POOL = new PoolName("trusted");

    private final PrometheusMeterRegistry registry =
            new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);

    @BeforeEach
    void countSomethingOfEachKind() {
        var metrics = new JobMetrics(registry);
        metrics.watchAudit(() -> 0, () -> 0);
        metrics.build("0.1.0");
        metrics.jobFinished(POOL, "local", new Outcome.Passed());
        metrics.phase(POOL, JobPhase.RUNNING, Duration.ofSeconds(1));
        metrics.watch(POOL, () -> 1, () -> 0, () -> 0);
        metrics.watchHealth(POOL, () -> true);
        metrics.watchQuarantine(() -> 0);
        metrics.watchUnrevoked(() -> 0);
        metrics.secretUsed("read", true);
        metrics.log(POOL, 1, 1, 1);
        metrics.masked(POOL, JobMetrics.Channel.LOG, "token", "exact", 1);
        metrics.teardown(
                POOL,
                Duration.ofSeconds(1),
                new Receipt(
                        new JobId("job-1"),
                        new LifeId("life-1"),
                        Instant.EPOCH,
                        List.of(
                                new Receipt.Disposal(
                                        new OwnedResource(OwnedResource.Kind.VOLUME, "v"),
                                        false,
                                        "asked"))));
        metrics.sweep(1, 0);
        metrics.ruleApplied("no-latest", "deny", true);
        metrics.watchPolicy(() -> false, () -> 0);
        metrics.insecure("engine", 0);
        metrics.connection(POOL, "allowed", 1, 1, true);
        metrics.imageAge(POOL, Duration.ofDays(1));
    }

    @Test
    void pageListsEachMetricWithItsTypeAndLabels() throws Exception {
        Map<String, String> listed = new TreeMap<>();
        for (String line : Files.readAllLines(PAGE)) {
            var row = ROW.matcher(line);
            if (row.matches()) {
                assertThat(listed.put(row.group(1), row.group(2) + " " + row.group(3)))
                        .as("second row of " + row.group(1))
                        .isNull();
            }
        }

        assertThat(listed).isEqualTo(scraped());
    }

    @Test
    void eachNameIsOfAMeterAndEachMeterHasAName() throws Exception {
        List<String> names =
                Arrays.stream(MetricNames.class.getFields())
                        .map(MetricsReferenceTest::name)
                        .toList();

        assertThat(registry.getMeters())
                .extracting(Meter::getId)
                .extracting(Meter.Id::getName)
                .hasSameElementsAs(names);
    }

    @Test
    void pageListsEachValueOfTheLabelsThatAreEnums() throws Exception {
        assertThat(Files.readAllLines(PAGE))
                .contains("| `phase` | " + values(JobPhase.values()) + " |")
                .contains("| `kind` | " + values(OwnedResource.Kind.values()) + " |")
                .contains("| `fault` | `none`, " + values(Fault.values()) + " |");
    }

    /** An alert that names what is not there would never fire. */
    @Test
    void examplesOfAlertsNameMetricsAndLabelsThatThereAre() throws Exception {
        Map<String, String> metrics = scraped();
        List<String> rules =
                Files.readAllLines(PAGE).stream().filter(line -> line.contains("expr: ")).toList();

        assertThat(rules).hasSizeGreaterThanOrEqualTo(3);
        for (String rule : rules) {
            assertThat(NAME.matcher(rule).results().map(MatchResult::group))
                    .as(rule)
                    .isNotEmpty()
                    .allSatisfy(name -> assertThat(metrics).containsKey(name));
            var by = BY.matcher(rule);
            while (by.find()) {
                for (String label : by.group(1).split(", ", -1)) {
                    assertThat(metrics.get(by.group(2))).as(rule).contains("`" + label + "`");
                }
            }
        }
    }

    private static String values(Enum<?>... constants) {
        return Arrays.stream(constants)
                .map(constant -> "`" + constant.name().toLowerCase(Locale.ROOT) + "`")
                .collect(Collectors.joining(", "));
    }

    /** Each metric's type and labels, as the page writes them. */
    private Map<String, String> scraped() {
        Map<String, String> metrics = new TreeMap<>();
        List<String> lines = registry.scrape().lines().toList();
        for (String line : lines) {
            if (line.startsWith("# TYPE ")) {
                String[] words = line.split(" ", -1);
                metrics.put(words[2], words[3] + " " + labels(words[2], words[3], lines));
            }
        }
        return metrics;
    }

    private static String labels(String metric, String type, List<String> lines) {
        String sample = type.equals("histogram") ? metric + "_count" : metric;
        return lines.stream()
                .filter(line -> line.startsWith(sample + "{"))
                .flatMap(line -> LABEL.matcher(line).results())
                .map(label -> "`" + label.group(1) + "`")
                .distinct()
                .sorted()
                .collect(Collectors.joining(", "));
    }

    private static String name(Field constant) {
        try {
            return (String) constant.get(null);
        } catch (IllegalAccessException e) {
            throw new IllegalStateException(e);
        }
    }
}
