package dev.ringside.bench.report;

import java.util.List;

/** Pieces of HTML. */
public final class Html {
    private Html() {}

    public static String escaped(String text) {
        return text.replace("&", "&amp;")
                .replace("<", "&lt;")
                .replace(">", "&gt;")
                .replace("'", "&#39;");
    }

    /** The first word heads the row. */
    public static String row(List<String> cells, boolean header) {
        StringBuilder row = new StringBuilder("<tr>");
        for (int i = 0; i < cells.size(); i++) {
            String element = header || i == 0 ? "th" : "td";
            row.append("<" + element + ">" + escaped(cells.get(i)) + "</" + element + ">");
        }
        return row.append("</tr>\n").toString();
    }
}
