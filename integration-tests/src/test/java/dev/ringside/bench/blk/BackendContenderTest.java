package dev.ringside.bench.blk;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ringside.bench.BenchException;
import dev.ringside.bench.measure.Metric;
import dev.ringside.bench.measure.Sample;
import org.junit.jupiter.api.Test;

class BackendContenderTest {
    @Test
    void figuresArePerSecondAndPerRequest() throws BenchException {
        Sample sample = BackendContender.sample(BlkClient.parse("blk-client", """
                {"seconds":2.0,"requests":1000,"bytes":4096000,"kicks":250,"calls":500,
                 "latency_us":{"mean":11.0,"p50":10.0,"p99":20.0,"p999":30.0,"max":99.0},
                 "backend_cpu_seconds":0.003,"backend_voluntary_switches":40,"backend_involuntary_switches":10,
                 "client_cpu_seconds":0.001,"client_switches":7}
                """));

        assertThat(value(sample, BlkMetrics.IOPS)).isEqualTo(500);
        assertThat(value(sample, BlkMetrics.MEGABYTES)).isEqualTo(2.048);
        assertThat(value(sample, BlkMetrics.P99)).isEqualTo(20);
        assertThat(value(sample, BlkMetrics.CPU)).isEqualTo(3);
        assertThat(value(sample, BlkMetrics.SWITCHES)).isEqualTo(50);
        assertThat(value(sample, BlkMetrics.KICKS)).isEqualTo(250);
        assertThat(value(sample, BlkMetrics.CALLS)).isEqualTo(500);
    }

    @Test
    void aWindowWithoutARequestHasNoFiguresPerRequest() throws BenchException {
        Sample sample =
                BackendContender.sample(BlkClient.parse("blk-client", "{\"seconds\":1.0,\"requests\":0,\"kicks\":3}"));

        assertThat(sample.get(BlkMetrics.IOPS)).hasValue(0);
        assertThat(sample.get(BlkMetrics.KICKS)).isEmpty();
    }

    private static double value(Sample sample, Metric metric) {
        return sample.get(metric).orElseThrow();
    }
}
