package dev.ringside.vfiouser;

import dev.ringside.fault.MessageFault;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * The outcome of VERSION. A reply may take back what the client has offered, and never exceed it; what the client has not
 * mentioned is not mentioned either, so that the reply stays shorter than the request (QEMU refuses a longer one).
 *
 * @param maxTransfer the most bytes of data that one message may carry, either way
 * @param maxDmaMaps the most maps at a time
 * @param reply the capabilities to be answered, in JSON
 */
record Negotiation(int maxTransfer, int maxDmaMaps, String reply) {
    static final int MAJOR = 0;
    static final int MINOR = 0;
    /** What the specification says where a client is silent. */
    private static final int DEFAULT_TRANSFER = 1 << 20;
    /** Enough for the 4 KiB maps of a virtual IOMMU. */
    static final int MAX_DMA_MAPS = 65535;

    private static final long MAX_FDS = 1;
    private static final long MIN_PAGE_BYTES = 4096;

    /**
     * Finds what both sides can do.
     *
     * @throws MessageFault if there is nothing
     */
    static Negotiation with(Request.Version version) throws MessageFault {
        if (version.major() != MAJOR) {
            throw new MessageFault("version %d.%d".formatted(version.major(), version.minor()));
        }
        if (version.capabilities().isEmpty()) {
            return new Negotiation(DEFAULT_TRANSFER, MAX_DMA_MAPS, "");
        }
        Object offered = Json.object(version.capabilities()).get("capabilities");
        Map<?, ?> capabilities = offered instanceof Map<?, ?> map ? map : Map.of();
        List<String> answers = new ArrayList<>();
        atMost("max_msg_fds", MAX_FDS, capabilities, answers);
        long transfer = atMost("max_data_xfer_size", VfioUserFraming.MAX_DATA_BYTES, capabilities, answers);
        long maps = atMost("max_dma_maps", MAX_DMA_MAPS, capabilities, answers);
        if (capabilities.get("pgsizes") instanceof Long) {
            answers.add("\"pgsizes\":" + MIN_PAGE_BYTES);
        }
        if (Boolean.TRUE.equals(capabilities.get("write_multiple"))) {
            answers.add("\"write_multiple\":true");
        }
        return new Negotiation(
                (int) Math.min(transfer, DEFAULT_TRANSFER),
                (int) maps,
                "{\"capabilities\":{" + String.join(",", answers) + "}}");
    }

    private static long atMost(String name, long ours, Map<?, ?> offered, List<String> answers) throws MessageFault {
        if (!(offered.get(name) instanceof Long theirs)) {
            return ours;
        }
        if (theirs <= 0) {
            throw new MessageFault(name + " of " + theirs);
        }
        long agreed = Math.min(ours, theirs);
        answers.add("\"" + name + "\":" + agreed);
        return agreed;
    }
}
