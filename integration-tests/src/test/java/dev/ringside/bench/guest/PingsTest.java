package dev.ringside.bench.guest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.ringside.bench.BenchException;
import org.junit.jupiter.api.Test;

class PingsTest {
    private static final String SAID = """
            PING 10.0.0.1 (10.0.0.1): 56 data bytes
            64 bytes from 10.0.0.1: seq=0 ttl=64 time=4.000 ms
            64 bytes from 10.0.0.1: seq=1 ttl=64 time=1.000 ms
            64 bytes from 10.0.0.1: seq=2 ttl=64 time=2.000 ms
            64 bytes from 10.0.0.1: seq=3 ttl=64 time=3.000 ms

            --- 10.0.0.1 ping statistics ---
            4 packets transmitted, 4 packets received, 0% packet loss
            round-trip min/avg/max = 1.000/2.500/4.000 ms
            """;

    @Test
    void timesAreMicroseconds() throws Exception {
        Pings pings = Pings.parse(SAID);
        assertThat(pings.count()).isEqualTo(4);
        assertThat(pings.best()).isCloseTo(1000, within(1e-6));
        assertThat(pings.mean()).isCloseTo(2500, within(1e-6));
        assertThat(pings.quantile(0.5)).isCloseTo(3000, within(1e-6));
        assertThat(pings.quantile(0.99)).isCloseTo(4000, within(1e-6));
        assertThat(pings.quantile(1)).isCloseTo(4000, within(1e-6));
    }

    @Test
    void noneThatCameBackIsAFailure() {
        assertThatThrownBy(() -> Pings.parse("4 packets transmitted, 0 packets received, 100% packet loss"))
                .isInstanceOf(BenchException.class)
                .hasMessageContaining("100% packet loss");
    }
}
