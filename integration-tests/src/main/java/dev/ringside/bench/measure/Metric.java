package dev.ringside.bench.measure;

/**
 * Something that is measured.
 *
 * @param key its name in JSON
 * @param title its name in tables
 * @param unit may be empty
 */
public record Metric(String key, String title, String unit) {
    /** Title and unit. */
    public String label() {
        return unit.isEmpty() ? title : title + ", " + unit;
    }
}
