package dev.ringside.bench.compare;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import org.junit.jupiter.api.Test;

/** Answers as QEMU's schema has them (qapi/stats.json): a StatsResult for each provider and processor. */
class ExitsTest {
    @Test
    void thoseOfAllProcessorsCount() throws Exception {
        assertThat(sum("""
                [{"provider":"kvm","qom-path":"/machine/unattached/device[0]",
                  "stats":[{"name":"halt_wakeup","value":3},{"name":"exits","value":40000000001}]},
                 {"provider":"kvm","qom-path":"/machine/unattached/device[1]",
                  "stats":[{"name":"exits","value":2},{"name":"halt_wait_hist","value":[1,2,3]}]}]
                """)).isEqualTo(40_000_000_003d);
    }

    @Test
    void noneIsAFigure() throws Exception {
        assertThat(sum("[{\"provider\":\"kvm\",\"stats\":[{\"name\":\"exits\",\"value\":0}]}]"))
                .isZero();
    }

    @Test
    void whatIsNotToldIsNotNone() throws Exception {
        assertThat(sum("[]")).isNaN();
        assertThat(sum("[{\"provider\":\"kvm\",\"qom-path\":\"/machine/unattached/device[0]\",\"stats\":[]}]"))
                .isNaN();
    }

    private static double sum(String answer) throws Exception {
        return Exits.sum(new ObjectMapper().readTree(answer));
    }
}
