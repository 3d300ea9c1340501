package dev.ringside.bench.report;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.ringside.bench.measure.Cell;
import dev.ringside.bench.measure.CellResult;
import dev.ringside.bench.measure.Metric;
import dev.ringside.bench.measure.Sample;
import dev.ringside.bench.measure.Target;
import dev.ringside.bench.measure.Target.Bound;
import java.io.StringReader;
import java.util.List;
import java.util.Map;
import java.util.Set;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.xml.sax.InputSource;

class ReportsTest {
    private static final Metric SPEED = new Metric("speed", "speed", "km/h");

    @Test
    void textTellsMedianSpreadRatioAndTarget() {
        assertThat(new TextReport(report()).text())
                .contains("uphill: a <steep> road")
                .containsPattern("speed, km/h +30.0 \\(20.0..40.0\\) +10.0 \\(10.0..10.0\\) +x3.00 \\(2.00..4.00\\)")
                .containsPattern("met +up the hill +>= x2.50 +x3.00")
                .contains("walker left at home");
    }

    @Test
    void jsonHasEveryRun() throws Exception {
        JsonNode root = new ObjectMapper().readTree(new JsonReport(report()).text());
        JsonNode cell = root.at("/cells/uphill");

        assertThat(cell.at("/contenders/ours/runs/1/speed").asDouble()).isEqualTo(30);
        assertThat(cell.at("/contenders/ours/summary/speed/max").asDouble()).isEqualTo(40);
        assertThat(cell.at("/ratios/speed/median").asDouble()).isEqualTo(3);
        assertThat(root.at("/targets/0/outcome").asText()).isEqualTo("met");
    }

    @Test
    void htmlEscapesWordsAndItsChartIsWellFormed() throws Exception {
        String html = new HtmlReport(report(), Set.of(SPEED)).text();
        String svg = html.substring(html.indexOf("<svg"), html.indexOf("</svg>") + "</svg>".length());

        assertThat(html).contains("a &lt;steep&gt; road").doesNotContain("<steep>");
        assertThat(DocumentBuilderFactory.newInstance()
                        .newDocumentBuilder()
                        .parse(new InputSource(new StringReader(svg)))
                        .getElementsByTagName("circle")
                        .getLength())
                .isEqualTo(1);
    }

    @Test
    void numbersAreShort() {
        assertThat(Numbers.of(0)).isEqualTo("0");
        assertThat(Numbers.of(0.314)).isEqualTo("0.31");
        assertThat(Numbers.of(12.34)).isEqualTo("12.3");
        assertThat(Numbers.of(4321)).isEqualTo("4321");
        assertThat(Numbers.of(54_321)).isEqualTo("54.3k");
        assertThat(Numbers.of(1_234_567)).isEqualTo("1.23M");
    }

    private static Report report() {
        CellResult result = new CellResult(new NamedCell("uphill", "a <steep> road"));
        for (int round = 0; round < 3; round++) {
            result.add("ours", new Sample().with(SPEED, 20 + 10 * round));
            result.add("theirs", new Sample().with(SPEED, 10));
        }
        result.excuses().put("walker", "left at home");
        Target target = new Target("up the hill", "uphill", SPEED, true, Bound.AT_LEAST, 2.5);
        return new Report(
                "race",
                "ours",
                "theirs",
                Map.of("road", "dry"),
                Map.of("runs", "3"),
                List.of("windy"),
                List.of(SPEED),
                List.of(SPEED),
                List.of(result),
                List.of(target.judge(List.of(result), "ours", "theirs")));
    }

    private record NamedCell(String name, String title) implements Cell {}
}
