package dev.ringside.bench.compare;

/** What a mode gives the guest. */
public enum Kind {
    NET("network", "packet"),
    BLOCK("disk", "request");

    private final String title;
    private final String operation;

    Kind(String title, String operation) {
        this.title = title;
        this.operation = operation;
    }

    /** One word. */
    public String title() {
        return title;
    }

    /** What is counted: a packet is a datagram, a frame of a ping, or 1448 bytes of a TCP stream, however it was cut. */
    public String operation() {
        return operation;
    }
}
