package dev.ringside.bench.compare.report;

import dev.ringside.bench.compare.Table;
import java.util.List;

/** The report for a browser. */
public final class HtmlPage {
    /** Of what may not be compared with each other. */
    public HtmlPage(List<Table> tables) {}

    /** The document. */
    public String text() {
        return "";
    }
}
