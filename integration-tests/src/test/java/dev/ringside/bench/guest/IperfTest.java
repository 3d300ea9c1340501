package dev.ringside.bench.guest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ringside.bench.BenchException;
import org.junit.jupiter.api.Test;

class IperfTest {
    /** What iperf3 3.18 has said of datagrams of 64 bytes, without what is not read. */
    private static final String DATAGRAMS = """
            {"start":{"test_start":{"protocol":"UDP","num_streams":1,"blksize":64,"duration":1,"reverse":0}},
             "end":{"sum_sent":{"seconds":1.018315,"bytes":3625536,"lost_packets":0,"packets":56650,"sender":true},
             "sum_received":{"seconds":1.018805,"bytes":1713856,"lost_packets":29148,"packets":55927,
              "lost_percent":51.45278022947926,"sender":false}}}
            """;

    @Test
    void datagramsCountWhenTheyHaveArrived() throws Exception {
        assertThat(Iperf.parse(DATAGRAMS)).isEqualTo(new Iperf(1.018805, 1_713_856, 26_779, 51.45278022947926));
    }

    @Test
    void aStreamIsCountedInSegments() throws Exception {
        Iperf found = Iperf.parse("""
                {"start":{"test_start":{"protocol":"TCP","num_streams":4,"blksize":131072}},
                 "end":{"sum_received":{"seconds":2,"bytes":2896000}}}
                """);
        assertThat(found.packets()).isEqualTo(2000);
        assertThat(found.lostPercent()).isNaN();
        assertThat(found.gigabitsPerSecond()).isEqualTo(0.011584);
    }

    @Test
    void whatItComplainsOfIsTold() {
        assertThatThrownBy(() -> Iperf.parse("{\"error\":\"unable to connect to server: Connection refused\"}"))
                .isInstanceOf(BenchException.class)
                .hasMessageContaining("Connection refused");
        assertThatThrownBy(() -> Iperf.parse("iperf3: killed")).isInstanceOf(BenchException.class);
    }

    @Test
    void ifNothingHasArrivedThereIsNoRate() {
        assertThatThrownBy(() -> Iperf.parse("""
                        {"start":{"test_start":{"protocol":"UDP","blksize":64}},
                         "end":{"sum_received":{"seconds":1,"bytes":0}}}
                        """))
                .isInstanceOf(BenchException.class)
                .hasMessageContaining("nothing has arrived");
    }
}
