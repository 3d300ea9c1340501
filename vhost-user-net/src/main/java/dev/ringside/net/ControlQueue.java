package dev.ringside.net;

import dev.ringside.device.QueueContext;
import dev.ringside.device.QueueHandler;
import dev.ringside.fault.FaultLog;
import dev.ringside.queue.DescriptorChain;
import java.lang.foreign.MemorySegment;

/**
 * The control queue (virtio 1.2 §5.1.6.5), for front-ends that pass it on; QEMU answers by itself. Nothing is filtered
 * here, so that commands about receive filters are granted: a driver may always get more than it asked for.
 */
final class ControlQueue implements QueueHandler {
    /** struct virtio_net_ctrl: u8 class, u8 command, data, u8 ack. */
    private static final int HEADER_BYTES = 2;

    private static final int ACK_BYTES = 1;
    private static final int OK = 0;
    private static final int ERR = 1;

    private static final int CLASS_RX = 0;
    private static final int CLASS_MAC = 1;
    private static final int CLASS_VLAN = 2;
    private static final int CLASS_ANNOUNCE = 3;
    private static final int CLASS_MQ = 4;

    private static final int MAX_RX_COMMAND = 5;
    private static final int MAC_TABLE_SET = 0;
    private static final int MAC_ADDR_SET = 1;
    private static final int MAC_BYTES = 6;
    private static final int MAX_VLAN_COMMAND = 1;

    private final String name;
    private final QueueContext queue;
    private final NetConfig config;
    private final int pairs;
    private final FaultLog faults;

    ControlQueue(String name, QueueContext queue, NetConfig config, int pairs, FaultLog faults) {
        this.name = name;
        this.queue = queue;
        this.config = config;
        this.pairs = pairs;
        this.faults = faults;
    }

    @Override
    public void handle(DescriptorChain chain) {
        if (chain.writableBytes() < ACK_BYTES) {
            faults.warn(name, "command without room for an answer");
            queue.complete(chain, 0);
            return;
        }
        boolean granted = chain.readableBytes() >= HEADER_BYTES && command(chain);
        if (!granted) {
            faults.warn(name, "refused a command of " + chain.readableBytes() + " bytes");
        }
        chain.writeLast(granted ? OK : ERR);
        queue.complete(chain, chain.writableBytes() == ACK_BYTES ? ACK_BYTES : 0);
    }

    private boolean command(DescriptorChain chain) {
        int header = chain.readU16(0);
        int command = header >>> 8;
        long data = chain.readableBytes() - HEADER_BYTES;
        return switch (header & 0xff) {
            case CLASS_RX -> command <= MAX_RX_COMMAND && data == 1;
            case CLASS_MAC -> mac(chain, command, data);
            case CLASS_VLAN -> command <= MAX_VLAN_COMMAND && data == 2;
            case CLASS_ANNOUNCE -> {
                config.announce(false);
                yield command == 0;
            }
            case CLASS_MQ -> command == 0 && data == 2 && isPairs(chain.readU16(HEADER_BYTES));
            default -> false;
        };
    }

    private boolean mac(DescriptorChain chain, int command, long data) {
        if (command == MAC_TABLE_SET) {
            return true;
        }
        if (command != MAC_ADDR_SET || data != MAC_BYTES) {
            return false;
        }
        byte[] address = new byte[MAC_BYTES];
        chain.read(HEADER_BYTES, MemorySegment.ofArray(address), 0, MAC_BYTES);
        config.mac(address);
        return true;
    }

    /** The driver only begins to use more queues: what it receives stays in the first, as is the device's to choose. */
    private boolean isPairs(int wanted) {
        return wanted >= 1 && wanted <= pairs;
    }

    @Override
    public void reject(DescriptorChain chain) {
        if (chain.endsWritable()) {
            chain.writeLast(ERR);
        }
        queue.complete(chain, 0);
    }

    @Override
    public boolean abandon(DescriptorChain chain) {
        return true;
    }

    @Override
    public void close() {
        // Nothing is held.
    }
}
