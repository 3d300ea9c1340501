package dev.ringside.bench.compare.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.ringside.bench.BenchException;
import dev.ringside.bench.compare.Figures;
import dev.ringside.bench.compare.Mode;
import dev.ringside.bench.compare.Table;
import dev.ringside.bench.compare.Workload;
import dev.ringside.bench.measure.Sample;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class JsonTableTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    @Test
    void allOfATableComesBack() throws Exception {
        Table table = nested();
        String report = new JsonDocument(List.of(table)).text();
        Table back = JsonTable.read(report, table.name(), table.title());
        assertThat(tables(back)).isEqualTo(tables(table));
    }

    @Test
    void whatWasMeasuredElsewhereIsATableOfItsOwn() throws Exception {
        Table here = new Table("host", "On this machine");
        here.modes().addAll(List.of(Mode.VIRTIO, Mode.NET_SRIOV));
        here.workloads().add(Workload.PING);
        here.guests().add(1);
        here.add(new Table.Cell(Mode.VIRTIO, Workload.PING, 1), new Sample().with(Figures.P50, 70));
        Table elsewhere = JsonTable.read(new JsonDocument(List.of(nested())).text(), "nested", "In a guest");

        JsonNode both = tables(here, elsewhere);
        assertThat(both).hasSize(2);
        assertThat(both.path(0)).isEqualTo(tables(here).path(0));
        assertThat(both.path(1).path("name").asText()).isEqualTo("nested");
        assertThat(both.path(1).path("title").asText()).isEqualTo("In a guest");
        // The best of one table is no rival of the other's.
        for (int table = 0; table < 2; table++) {
            JsonNode virtio = both.path(table).path("cells").path(0);
            assertThat(virtio.path("mode").asText()).isEqualTo("virtio");
            assertThat(virtio.path("summary")
                            .path("p50_us")
                            .path("beside_the_best")
                            .asText())
                    .isEqualTo("best");
        }

        String page = new HtmlPage(List.of(here, elsewhere)).text();
        int second = page.indexOf("<section id='nested'>");
        assertThat(page.indexOf("<section id='host'>")).isPositive().isLessThan(second);
        assertThat(page.indexOf("net-sriov</text>")).isGreaterThan(second);
        // What holds of modes wherever they are measured is told once.
        assertThat(page.split("What no benchmark shows: network", -1)).hasSize(2);
    }

    @Test
    void anythingElseIsRefused() {
        assertThatThrownBy(() -> JsonTable.read("Killed", "nested", ""))
                .isInstanceOf(BenchException.class)
                .hasMessageContaining("no report");
        assertThatThrownBy(() -> JsonTable.read("{}", "nested", ""))
                .isInstanceOf(BenchException.class)
                .hasMessageContaining("0 tables");
        String newer = new JsonDocument(List.of(nested())).text().replace("net-sriov", "net-teleported");
        assertThatThrownBy(() -> JsonTable.read(newer, "nested", ""))
                .isInstanceOf(BenchException.class)
                .hasMessageContaining("net-teleported");
    }

    private static Table nested() {
        Table table = new Table("nested", "Elsewhere");
        table.machine().put("processors", "2");
        table.settings().put("rounds", "2");
        table.notes().add("A note");
        table.modes().addAll(List.of(Mode.VIRTIO, Mode.NET_PASSTHROUGH, Mode.NET_SRIOV));
        table.workloads().addAll(List.of(Workload.PING, Workload.TCP_OUT));
        table.guests().addAll(List.of(1, 2));
        Table.Cell ping = new Table.Cell(Mode.VIRTIO, Workload.PING, 1);
        table.add(ping, new Sample().with(Figures.P50, 3000.5).with(Figures.CROSSINGS, 1.5));
        table.add(ping, new Sample().with(Figures.P50, 3100));
        table.add(new Table.Cell(Mode.NET_SRIOV, Workload.PING, 1), new Sample().with(Figures.P50, 5000));
        table.addFailure(new Table.Cell(Mode.NET_SRIOV, Workload.TCP_OUT, 1), "round 1: it has \"ended\"");
        table.obstacles().put(Mode.NET_PASSTHROUGH, new LinkedHashMap<>(Map.of(2, "one device serves one guest")));
        table.uncounted().put(Mode.VIRTIO, new LinkedHashMap<>(Map.of(Figures.EXITS, "no KVM")));
        table.commandLines().put(Mode.VIRTIO, List.of("qemu -m 1G", "back-end"));
        return table;
    }

    private static JsonNode tables(Table... tables) throws Exception {
        return JSON.readTree(new JsonDocument(List.of(tables)).text()).path("tables");
    }
}
