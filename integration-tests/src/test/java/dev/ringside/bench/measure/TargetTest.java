package dev.ringside.bench.measure;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ringside.bench.measure.Target.Bound;
import dev.ringside.bench.measure.Target.Outcome;
import java.util.List;
import org.junit.jupiter.api.Test;

class TargetTest {
    private static final Metric SPEED = new Metric("speed", "speed", "");

    @Test
    void theMedianOfTheRatiosDecides() {
        CellResult result = result("cell", new double[] {15, 21, 99}, new double[] {10, 10, 10});

        assertThat(outcome(relative(Bound.AT_LEAST, 2.1), result)).isEqualTo(Outcome.MET);
        assertThat(outcome(relative(Bound.AT_LEAST, 2.2), result)).isEqualTo(Outcome.MISSED);
        assertThat(outcome(relative(Bound.AT_MOST, 2.1), result)).isEqualTo(Outcome.MET);
        assertThat(outcome(relative(Bound.AT_MOST, 2.0), result)).isEqualTo(Outcome.MISSED);
    }

    @Test
    void anAbsoluteTargetNeedsNoBaseline() {
        CellResult result = result("cell", new double[] {150, 250, 190}, new double[] {});
        Target target = new Target("", "cell", SPEED, false, Bound.AT_MOST, 200);

        assertThat(outcome(target, result)).isEqualTo(Outcome.MET);
    }

    @Test
    void whatWasNotMeasuredIsNeitherMetNorMissed() {
        CellResult elsewhere = result("other", new double[] {1}, new double[] {1});
        CellResult alone = result("cell", new double[] {1}, new double[] {});

        assertThat(outcome(relative(Bound.AT_LEAST, 2), elsewhere)).isEqualTo(Outcome.NOT_MEASURED);
        assertThat(outcome(relative(Bound.AT_LEAST, 2), alone)).isEqualTo(Outcome.NOT_MEASURED);
    }

    private static Target relative(Bound bound, double limit) {
        return new Target("", "cell", SPEED, true, bound, limit);
    }

    private static Outcome outcome(Target target, CellResult result) {
        return target.judge(List.of(result), "ours", "theirs").outcome();
    }

    private static CellResult result(String name, double[] ours, double[] theirs) {
        CellResult result = new CellResult(new NamedCell(name));
        for (double value : ours) {
            result.add("ours", new Sample().with(SPEED, value));
        }
        for (double value : theirs) {
            result.add("theirs", new Sample().with(SPEED, value));
        }
        return result;
    }

    private record NamedCell(String name) implements Cell {
        @Override
        public String title() {
            return name;
        }
    }
}
