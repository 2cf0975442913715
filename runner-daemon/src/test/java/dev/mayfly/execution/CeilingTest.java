package dev.mayfly.execution;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mayfly.job.ResourceRequest;
import dev.mayfly.sandbox.DiskLimits;
import dev.mayfly.sandbox.SandboxLimits;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CeilingTest {

    private static final SandboxLimits POOL =
            new SandboxLimits(1000, 2, 100, 50, 300, new DiskLimits(5000, 7));

    @ParameterizedTest
    @CsvSource({
        ",     ,    ,    1000, 2,   100, 300",
        "500,  1,   10,  500,  1,   10,  300",
        "1000, 2,   100, 1000, 2,   100, 300",
        "5000, 8,   999, 1000, 2,   100, 300",
        "200,  0.5, 1,   200,  0.5, 1,   200",
    })
    void aJobGetsWhatItAsksForAndNeverMoreThanItsPoolHas(
            @Nullable Long memory,
            @Nullable Double cpus,
            @Nullable Integer pids,
            long itsMemory,
            double itsCpus,
            int itsPids,
            long itsTmp) {
        assertThat(Ceiling.of(POOL, new ResourceRequest(memory, cpus, pids)))
                .isEqualTo(
                        new SandboxLimits(
                                itsMemory, itsCpus, itsPids, 50, itsTmp, new DiskLimits(5000, 7)));
    }

    @Test
    void ofTheDiskAJobGetsWhatItAsksForAndNeverMoreFiles() {
        assertThat(Ceiling.of(POOL, new ResourceRequest(null, null, null, 400L)).disk())
                .isEqualTo(new DiskLimits(400, 7));
        assertThat(Ceiling.of(POOL, new ResourceRequest(null, null, null, 6000L)).disk())
                .isEqualTo(new DiskLimits(5000, 7));
    }

    @Test
    void nothingAskedIsThePools() {
        assertThat(Ceiling.of(POOL, ResourceRequest.NONE)).isEqualTo(POOL);
    }
}
