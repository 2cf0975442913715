package dev.mayfly.source.local;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mayfly.job.JobId;
import dev.mayfly.job.LifeId;
import dev.mayfly.job.Outcome;
import dev.mayfly.source.Claim;
import dev.mayfly.state.ChildJvm;
import dev.mayfly.state.StateDirectory;
import dev.mayfly.state.StateStore;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Real processes, killed in the middle of their work. */
class LocalSourceCrashTest {

    @TempDir Path folder;

    /** Submits three and claims one, again and again, and says so once it is promised. */
    public static final class Worker {
        private Worker() {}

        public static void main(String[] arguments) throws Exception {
            StateStore store = StateStore.open(new StateDirectory(Path.of(arguments[0])));
            LocalSource source = TestJobs.source(store, new LifeId(arguments[1]));
            int rounds = Integer.parseInt(arguments[2]);
            for (int i = 0; i < rounds; i++) {
                for (int j = 0; j < 3; j++) {
                    System.out.println("S " + source.submit(TestJobs.job("job")));
                }
                Optional<Claim> claim = source.claim(TestJobs.POOL, Duration.ZERO);
                claim.ifPresent(taken -> System.out.println("C " + taken.job()));
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 18, 83})
    void whatAKilledProcessPromisedHolds(int killAfterLines) {
        List<String> lines = new ArrayList<>();
        try (ChildJvm child =
                ChildJvm.start(Worker.class, folder.toString(), "l-child", "1000000")) {
            while (lines.size() < killAfterLines) {
                lines.add(child.line());
            }
            child.kill();
            lines.addAll(child.lines());
        }
        Set<JobId> submitted = ids(lines, "S ");
        Set<JobId> taken = ids(lines, "C ");
        assertThat(submitted).isNotEmpty();

        try (StateStore store = StateStore.open(new StateDirectory(folder))) {
            LifeId life = new LifeId("l-parent");
            LocalSource source = TestJobs.source(store, life);
            assertThat(store.loss()).isNull();
            assertThat(submitted).allMatch(job -> source.job(job).isPresent());
            Set<JobId> lost = source.recover(() -> Set.of(life));
            assertThat(lost).containsAll(taken);
            assertThat(lost)
                    .allMatch(job ->
                            new Outcome.Lost()
                                    .equals(source.job(job).orElseThrow().state().outcome()));
            Set<JobId> again = drain(source);
            assertThat(Collections.disjoint(again, lost)).isTrue();
            Set<JobId> all = new HashSet<>(again);
            all.addAll(lost);
            assertThat(all).containsAll(submitted);
        }
    }

    @Test
    void twoProcessesAtOnceGetEachJobOnce() throws Exception {
        Set<JobId> here = new HashSet<>();
        Set<JobId> submitted = new HashSet<>();
        List<String> lines = new ArrayList<>();
        try (ChildJvm child = ChildJvm.start(Worker.class, folder.toString(), "l-child", "40");
                StateStore store = StateStore.open(new StateDirectory(folder))) {
            LocalSource source = TestJobs.source(store, new LifeId("l-parent"));
            for (String line = child.line(); line != null; line = child.line()) {
                lines.add(line);
                submitted.add(source.submit(TestJobs.job("here")));
                source.claim(TestJobs.POOL, Duration.ZERO).map(Claim::job).ifPresent(here::add);
            }
            here.addAll(drain(source));
        }
        Set<JobId> there = ids(lines, "C ");
        submitted.addAll(ids(lines, "S "));
        assertThat(there).isNotEmpty().doesNotContainAnyElementsOf(here);
        here.addAll(there);
        assertThat(here).isEqualTo(submitted);
    }

    private static Set<JobId> drain(LocalSource source) {
        Set<JobId> claimed = new HashSet<>();
        try {
            Optional<Claim> claim = source.claim(TestJobs.POOL, Duration.ZERO);
            while (claim.isPresent()) {
                assertThat(claimed.add(claim.get().job())).isTrue();
                claim = source.claim(TestJobs.POOL, Duration.ZERO);
            }
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
        return claimed;
    }

    private static Set<JobId> ids(List<String> lines, String prefix) {
        Set<JobId> ids = new HashSet<>();
        for (String line : lines) {
            // The last line may be cut: then nothing was promised.
            if (line != null && line.startsWith(prefix) && line.length() == prefix.length() + 15) {
                assertThat(ids.add(new JobId(line.substring(prefix.length())))).isTrue();
            }
        }
        return ids;
    }
}
