package dev.ringside.vfiouser;

import dev.ringside.metrics.Counter;
import dev.ringside.metrics.Metrics;
import java.util.Map;

/** What is counted of one served function; kept from one client to the next. Written by the function's loop. */
final class VfioUserStats {
    private final Counter messages = new Counter();
    private final Counter interrupts = new Counter();
    private final Counter dmaReads = new Counter();
    private final Counter dmaWrites = new Counter();
    private final Counter dmaReadBytes = new Counter();
    private final Counter dmaWriteBytes = new Counter();
    private final Counter dmaMessages = new Counter();

    /** @param labels of the function */
    VfioUserStats(Metrics metrics, Map<String, String> labels) {
        metrics.counter("ringside_vfio_user_messages", "Messages from the client", labels, messages::get);
        metrics.counter("ringside_vfio_user_interrupts", "Interrupts signalled", labels, interrupts::get);
        metrics.counter("ringside_vfio_user_dma_reads", "Reads of guest memory", labels, dmaReads::get);
        metrics.counter("ringside_vfio_user_dma_writes", "Writes of guest memory", labels, dmaWrites::get);
        metrics.counter("ringside_vfio_user_dma_read_bytes", "Bytes of these reads", labels, dmaReadBytes::get);
        metrics.counter("ringside_vfio_user_dma_write_bytes", "Bytes of these writes", labels, dmaWriteBytes::get);
        metrics.counter(
                "ringside_vfio_user_dma_messages",
                "Messages to the client for guest memory that it does not share",
                labels,
                dmaMessages::get);
    }

    void message() {
        messages.increment();
    }

    void interrupt() {
        interrupts.increment();
    }

    void dmaRead(int bytes) {
        dmaReads.increment();
        dmaReadBytes.add(bytes);
    }

    void dmaWrite(int bytes) {
        dmaWrites.increment();
        dmaWriteBytes.add(bytes);
    }

    void dmaMessage() {
        dmaMessages.increment();
    }

    /** For the log. */
    String summary() {
        return "%d messages, %d interrupts, %d DMA reads, %d DMA writes, %d DMA messages"
                .formatted(messages.get(), interrupts.get(), dmaReads.get(), dmaWrites.get(), dmaMessages.get());
    }
}
