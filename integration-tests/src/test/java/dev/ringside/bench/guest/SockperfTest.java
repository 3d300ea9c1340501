package dev.ringside.bench.guest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ringside.bench.BenchException;
import org.junit.jupiter.api.Test;

class SockperfTest {
    /** Of sockperf 3.7 {@code ping-pong --tcp --full-rtt -t 1}, with the colours that it gives a terminal and a file. */
    private static final String SAID = """
            sockperf: \u001b[2;35m== version #3.7-no.git == \u001b[0m
            sockperf[CLIENT] send on:sockperf: using recvfrom() to block on socket(s)

            [ 0] IP = 127.0.0.1       PORT = 11111 # TCP
            sockperf: Warmup stage (sending a few dummy messages)...
            sockperf: Starting test...
            sockperf: Test end (interrupted by timer)
            sockperf: Test ended
            sockperf: [Total Run] RunTime=1.001 sec; Warm up time=400 msec; SentMessages=6190; ReceivedMessages=6189
            sockperf: ========= Printing statistics for Server No: 0
            sockperf: [Valid Duration] RunTime=0.543 sec; SentMessages=3857; ReceivedMessages=3857
            sockperf: \u001b[2;35m====> avg-rtt=140.722 (std-dev=6164.160)\u001b[0m
            sockperf: # dropped messages = 0; # duplicated messages = 0; # out-of-order messages = 0
            sockperf: Summary: Round trip is 140.722 usec
            sockperf: \u001b[2;35mTotal 3857 observations\u001b[0m; each percentile contains 38.57 observations
            sockperf: ---> <MAX> observation = 382445.836
            sockperf: ---> percentile 99.999 = 382445.836
            sockperf: ---> percentile 99.990 = 382445.836
            sockperf: ---> percentile 99.900 = 2898.309
            sockperf: ---> percentile 99.000 =  745.504
            sockperf: ---> percentile 90.000 =   20.098
            sockperf: ---> percentile 75.000 =   18.374
            sockperf: ---> percentile 50.000 =   18.094
            sockperf: ---> percentile 25.000 =   17.944
            sockperf: ---> <MIN> observation =   17.152
            """;

    @Test
    void messagesAreThoseOfTheWholeRun() throws Exception {
        assertThat(Sockperf.parse(SAID)).isEqualTo(new Sockperf(1.001, 12_379, 18.094, 745.504));
    }

    @Test
    void aRunThatWasCutOffIsNoResult() {
        String cut = SAID.substring(0, SAID.indexOf("sockperf: [Total Run]"));
        assertThatThrownBy(() -> Sockperf.parse(cut))
                .isInstanceOf(BenchException.class)
                .hasMessageContaining("sockperf has no result");
    }

    @Test
    void aRunWithoutObservationsIsNoResult() {
        String none = SAID.substring(0, SAID.indexOf("sockperf: ---> <MAX>"));
        assertThatThrownBy(() -> Sockperf.parse(none)).isInstanceOf(BenchException.class);
    }
}
