package dev.ringside.bench.measure;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ringside.bench.BenchException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class RoundsTest {
    private static final Metric SPEED = new Metric("speed", "speed", "");
    private static final int ALWAYS = Integer.MAX_VALUE;

    private final List<String> events = new ArrayList<>();

    @Test
    void contendersTakeTurnsAndEachRoundBeginsWithAnother() throws InterruptedException {
        CellResult result = measure(3, contender("a"), contender("b"), contender("c"));

        assertThat(events)
                .filteredOn(event -> !event.equals("prepare"))
                .containsExactly("a", "b", "c", "b", "c", "a", "c", "a", "b");
        assertThat(result.samples().values())
                .allSatisfy(samples -> assertThat(samples).hasSize(3));
    }

    @Test
    void theStateIsPreparedBeforeEveryRun() throws InterruptedException {
        measure(2, contender("a"), contender("b"));

        assertThat(events).containsExactly("prepare", "a", "prepare", "b", "prepare", "b", "prepare", "a");
    }

    @Test
    void whoFailsIsOutAndTheOthersGoOn() throws InterruptedException {
        CellResult result = measure(3, contender("a"), new Fake("b", 1, true, Optional.empty()));

        assertThat(result.samples().get("a")).hasSize(3);
        assertThat(result.samples().get("b")).hasSize(1);
        assertThat(result.failures()).containsExactly(Map.entry("b", "broken"));
    }

    @Test
    void whoHasAnExcuseIsNamedAndWhoDoesNotJoinIsNot() throws InterruptedException {
        CellResult result = measure(
                1,
                contender("a"),
                new Fake("b", ALWAYS, true, Optional.of("hangs")),
                new Fake("c", ALWAYS, false, Optional.empty()));

        assertThat(result.samples()).containsOnlyKeys("a");
        assertThat(result.excuses()).containsExactly(Map.entry("b", "hangs"));
    }

    private CellResult measure(int runs, Fake... contenders) throws InterruptedException {
        PrintStream nowhere = new PrintStream(OutputStream.nullOutputStream(), true, StandardCharsets.UTF_8);
        return new Rounds<>(List.of(contenders), cell -> events.add("prepare"), SPEED, nowhere)
                .measure(new NamedCell("cell"), runs);
    }

    private Fake contender(String name) {
        return new Fake(name, ALWAYS, true, Optional.empty());
    }

    private record NamedCell(String name) implements Cell {
        @Override
        public String title() {
            return name;
        }
    }

    private final class Fake implements Contender<NamedCell> {
        private final String name;
        private final boolean joins;
        private final Optional<String> excuse;
        private int runsLeft;

        Fake(String name, int runsLeft, boolean joins, Optional<String> excuse) {
            this.name = name;
            this.runsLeft = runsLeft;
            this.joins = joins;
            this.excuse = excuse;
        }

        @Override
        public String name() {
            return name;
        }

        @Override
        public boolean joins(NamedCell cell) {
            return joins;
        }

        @Override
        public Optional<String> excuse(NamedCell cell) {
            return excuse;
        }

        @Override
        public Sample run(NamedCell cell) throws BenchException {
            if (runsLeft == 0) {
                throw new BenchException("broken");
            }
            runsLeft--;
            events.add(name);
            return new Sample().with(SPEED, 1);
        }
    }
}
