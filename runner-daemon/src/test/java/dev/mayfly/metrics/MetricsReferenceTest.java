package dev.mayfly.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mayfly.job.Fault;
import dev.mayfly.job.JobPhase;
import dev.mayfly.job.OwnedResource;
import io.micrometer.core.instrument.Meter;
import java.io.IOException;
import java.lang.reflect.Field;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/**
 * The page about metrics lists what a scrape shows, and nothing else. With {@code
 * -Dmayfly.docs.write=true} its tables are written instead.
 */
class MetricsReferenceTest {

    private static final Path PAGE = Path.of("..", "docs", "reference", "metrics.md");

    @Test
    void pageListsEachMetricWithItsTypeLabelsAndMeaning() throws IOException {
        try (Exposition all = EveryMetric.ofMayfly()) {
            holds("mayfly", EveryMetric.shown(all));
        }
    }

    @Test
    void pageListsWhatTheProcessShows() throws IOException {
        try (Exposition process = EveryMetric.ofProcess()) {
            Map<String, EveryMetric.Shown> shown = EveryMetric.shown(process);
            // These come with the first collection of garbage, so the page has them in words.
            shown.keySet().removeIf(name -> name.startsWith("jvm_gc_pause"));
            shown.keySet().removeIf(name -> name.startsWith("jvm_gc_concurrent"));
            holds("process", shown);
        }
    }

    private static void holds(String part, Map<String, EveryMetric.Shown> shown)
            throws IOException {
        String text = Files.readString(PAGE);
        String begin = "<!-- begin of what is generated: " + part + " -->\n";
        int from = text.indexOf(begin) + begin.length();
        int to = text.indexOf("<!-- end of what is generated -->", from);
        assertThat(text).contains(begin);
        String table =
                shown.entrySet().stream()
                        .map(one -> row(one.getKey(), one.getValue()))
                        .collect(
                                Collectors.joining(
                                        "",
                                        "\n| metric | type | labels | meaning |\n|---|---|---|---|\n",
                                        "\n"));
        if (Boolean.getBoolean("mayfly.docs.write")) {
            Files.writeString(PAGE, text.substring(0, from) + table + text.substring(to));
        } else {
            assertThat(text.substring(from, to))
                    .as("regenerate with -Dmayfly.docs.write=true")
                    .isEqualTo(table);
        }
    }

    private static String row(String name, EveryMetric.Shown shown) {
        return "| `%s` | %s | %s | %s |\n"
                .formatted(
                        name,
                        shown.type(),
                        shown.labels().stream()
                                .map(label -> "`" + label + "`")
                                .collect(Collectors.joining(", ")),
                        shown.help().replace("|", "\\|"));
    }

    @Test
    void eachNameIsOfAMeterAndEachMeterHasAName() {
        List<String> names =
                Arrays.stream(MetricNames.class.getFields())
                        .map(MetricsReferenceTest::name)
                        .toList();

        try (Exposition all = EveryMetric.ofMayfly()) {
            assertThat(all.registry().getMeters())
                    .extracting(Meter::getId)
                    .extracting(Meter.Id::getName)
                    .hasSameElementsAs(names);
        }
    }

    @Test
    void pageListsEachValueOfTheLabelsThatAreEnums() throws Exception {
        assertThat(Files.readAllLines(PAGE))
                .contains("| `phase` | " + values(JobPhase.values()) + " |")
                .contains("| `files` | " + values(JobMetrics.Files.values()) + " |")
                .contains("| `fault` | `none`, " + values(Fault.values()) + " |")
                .anySatisfy(line ->
                        assertThat(line)
                                .startsWith("| `kind` | " + values(OwnedResource.Kind.values())));
    }

    private static String values(Enum<?>... constants) {
        return Arrays.stream(constants)
                .map(constant -> "`" + constant.name().toLowerCase(Locale.ROOT) + "`")
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
