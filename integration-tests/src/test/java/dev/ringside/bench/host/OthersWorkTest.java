package dev.ringside.bench.host;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class OthersWorkTest {
    /** In hundredths. */
    private static final long ALMOST_A_SECOND = 80;

    @Test
    void whatOthersDidIsDividedByTheTimeThatItTook() {
        OthersWork before = new OthersWork(1_000_000_000, 500);
        assertThat(new OthersWork(3_000_000_000L, 800).processorsSince(before)).isEqualTo(1.5);
        assertThat(new OthersWork(2_000_000_000, 499).processorsSince(before)).isZero();
    }

    @Test
    void fieldsAreAdded() {
        assertThat(OthersWork.sum("cpu 10 20 30 40 50 60 70 80", 1, 2, 3, 8)).isEqualTo(140);
        assertThat(OthersWork.sum("", 1, 2)).isZero();
    }

    /** Whether a process is there or has ended. */
    @Test
    void ourOwnWorkIsKnown() throws Exception {
        long before = OthersWork.ours();
        Process child = new ProcessBuilder("bash", "-c", "ulimit -St 1; while :; do :; done").start();
        child.waitFor();
        assertThat(OthersWork.ours() - before).isGreaterThanOrEqualTo(ALMOST_A_SECOND);
    }
}
