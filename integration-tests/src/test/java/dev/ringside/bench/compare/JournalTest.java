package dev.ringside.bench.compare;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ringside.bench.BenchException;
import dev.ringside.bench.measure.Sample;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class JournalTest {
    private static final List<String> ARGUMENTS = List.of("--quick", "--modes=virtio,e1000");

    @TempDir
    private Path directory;

    private Path file;

    @BeforeEach
    void write() throws Exception {
        file = directory.resolve("journal.jsonl");
        Journal journal = Journal.begin(file, ARGUMENTS);
        journal.add(new Journal.Entry(
                "1/1/virtio/ping",
                new Sample().with(Figures.P50, 31.5).with(Figures.CROSSINGS, 1.5),
                null,
                Map.of(Figures.EXITS, "no KVM"),
                List.of("qemu -m 1G", "back-end")));
        journal.add(new Journal.Entry("1/1/e1000/ping", new Sample(), "it \"has\" ended\nearly", Map.of(), List.of()));
    }

    @Test
    void allOfItComesBack() throws Exception {
        assertThat(Journal.arguments(file)).isEqualTo(ARGUMENTS);
        Map<String, Journal.Entry> entries = Journal.resume(file).entries();
        assertThat(entries.keySet()).containsExactly("1/1/virtio/ping", "1/1/e1000/ping");
        Journal.Entry good = entries.get("1/1/virtio/ping");
        assertThat(good.failure()).isNull();
        assertThat(good.sample().metrics()).containsExactlyInAnyOrder(Figures.P50, Figures.CROSSINGS);
        assertThat(good.sample().get(Figures.P50)).hasValue(31.5);
        assertThat(good.uncounted()).isEqualTo(Map.of(Figures.EXITS, "no KVM"));
        assertThat(good.commandLines()).containsExactly("qemu -m 1G", "back-end");
        assertThat(entries.get("1/1/e1000/ping").failure()).isEqualTo("it \"has\" ended\nearly");
    }

    @Test
    void whatWasCutOffIsMeasuredAgain() throws Exception {
        String text = Files.readString(file);
        Files.writeString(file, text.substring(0, text.length() - 20));
        Journal resumed = Journal.resume(file);
        assertThat(resumed.entries().keySet()).containsExactly("1/1/virtio/ping");

        resumed.add(new Journal.Entry("1/1/e1000/ping", new Sample().with(Figures.P50, 70), null, Map.of(), List.of()));
        assertThat(Journal.resume(file).entries().keySet()).containsExactly("1/1/virtio/ping", "1/1/e1000/ping");
    }

    @Test
    void anythingElseIsNoJournal() throws Exception {
        Files.writeString(file, "");
        assertThatThrownBy(() -> Journal.resume(file))
                .isInstanceOf(BenchException.class)
                .hasMessageContaining("is no journal");
        Files.delete(file);
        assertThatThrownBy(() -> Journal.arguments(file))
                .isInstanceOf(BenchException.class)
                .hasMessageContaining("nothing to resume");
    }
}
