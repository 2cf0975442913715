package dev.mayfly.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mayfly.job.Fault;
import dev.mayfly.job.Outcome;
import java.time.Duration;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class ExitCodeTest {

    static Stream<Arguments> outcomes() {
        return Stream.of(
                Arguments.of(new Outcome.Passed(), 0),
                Arguments.of(new Outcome.Failed(1), 1),
                // A script's own code wins, also where it is one of ours: mayfly job tells them
                // apart.
                Arguments.of(new Outcome.Failed(124), 124),
                Arguments.of(new Outcome.Failed(125), 125),
                Arguments.of(new Outcome.Failed(255), 255),
                Arguments.of(new Outcome.TimedOut(Duration.ofSeconds(1)), 124),
                Arguments.of(new Outcome.Faulted(Fault.ENGINE, "gone"), 125),
                Arguments.of(new Outcome.Lost(), 125),
                Arguments.of(new Outcome.Denied("no"), 126),
                Arguments.of(new Outcome.Cancelled("enough"), 130),
                Arguments.of(new Outcome.OutOfDisk("too much"), 123),
                Arguments.of(new Outcome.OutOfMemory(1), 137));
    }

    @ParameterizedTest
    @MethodSource("outcomes")
    void everyOutcomeHasItsCode(Outcome outcome, int code) {
        assertThat(ExitCode.of(outcome)).isEqualTo(code);
    }
}
