package dev.ringside.bench.measure;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class SpreadTest {
    private static final Metric SPEED = new Metric("speed", "speed", "");
    private static final Metric OTHER = new Metric("other", "other", "");

    @Test
    void ofNothingThereIsNone() {
        assertThat(Spread.of()).isEmpty();
    }

    @Test
    void ofOneValueAllAreThatValue() {
        assertThat(Spread.of(3)).contains(new Spread(3, 3, 3));
    }

    @Test
    void theMedianIsTheMiddleOneWhateverTheOrder() {
        assertThat(Spread.of(9, 1, 5)).contains(new Spread(1, 5, 9));
    }

    @Test
    void theMedianOfAnEvenNumberLiesBetweenTheMiddleTwo() {
        assertThat(Spread.of(4, 1, 100, 2)).contains(new Spread(1, 3, 100));
    }

    @Test
    void oneDisturbedRunDoesNotMoveTheMedian() {
        assertThat(Spread.of(10, 11, 12, 13, 1_000_000)).map(Spread::median).contains(12.0);
    }

    @Test
    void theValuesGivenStayAsTheyAre() {
        double[] values = {3, 1, 2};

        Spread.of(values);

        assertThat(values).containsExactly(3, 1, 2);
    }

    @Test
    void runsWithoutTheMetricAreLeftOut() {
        assertThat(Spread.of(List.of(sample(1), new Sample().with(OTHER, 7), sample(3)), SPEED))
                .contains(new Spread(1, 2, 3));
    }

    @Test
    void aRatioIsTakenWithinARound() {
        // The machine got twice as fast in the second round, and twice again in the third: for both.
        List<Sample> subject = List.of(sample(20), sample(40), sample(80));
        List<Sample> baseline = List.of(sample(10), sample(20), sample(40));

        assertThat(Spread.ofRatios(subject, baseline, SPEED)).contains(new Spread(2, 2, 2));
    }

    @Test
    void theMedianIsOfTheRatiosOfTheRounds() {
        List<Sample> subject = List.of(sample(10), sample(20), sample(30));
        List<Sample> baseline = List.of(sample(20), sample(5), sample(15));

        assertThat(Spread.ofRatios(subject, baseline, SPEED)).contains(new Spread(0.5, 2, 4));
    }

    @Test
    void aRoundThatOnlyOneHasRunDoesNotCount() {
        assertThat(Spread.ofRatios(List.of(sample(4), sample(9)), List.of(sample(2)), SPEED))
                .contains(new Spread(2, 2, 2));
        assertThat(Spread.ofRatios(List.of(sample(4)), List.of(), SPEED)).isEmpty();
    }

    @Test
    void nothingIsDividedByZeroOrByAMissingValue() {
        List<Sample> subject = List.of(sample(4), sample(4), sample(4));
        List<Sample> baseline = List.of(sample(0), new Sample(), sample(8));

        assertThat(Spread.ofRatios(subject, baseline, SPEED)).contains(new Spread(0.5, 0.5, 0.5));
    }

    @Test
    void aSampleDoesNotKeepWhatIsNoNumber() {
        Sample sample = new Sample().with(SPEED, Double.POSITIVE_INFINITY).with(OTHER, Double.NaN);

        assertThat(sample.metrics()).isEmpty();
    }

    private static Sample sample(double speed) {
        return new Sample().with(SPEED, speed);
    }
}
