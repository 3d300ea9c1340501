package dev.ringside.vfiouser;

import dev.ringside.fault.MessageFault;
import dev.ringside.pci.Bar;
import dev.ringside.pci.ConfigSpace;
import dev.ringside.pci.PciFunction;
import io.netty.buffer.ByteBuf;

/** The function's regions as VFIO numbers them (linux/vfio.h, VFIO_PCI_*_REGION_INDEX), and accesses to them. */
final class Regions {
    /** Six BARs, ROM, config space, VGA. */
    static final int COUNT = 9;

    private static final int CONFIG = 7;

    private final PciFunction function;
    private final int[] sizes = new int[COUNT];

    Regions(PciFunction function) {
        this.function = function;
        for (Bar bar : function.bars()) {
            sizes[bar.index()] = bar.size();
        }
        sizes[CONFIG] = ConfigSpace.BYTES;
    }

    /**
     * The size of a region in bytes; 0 if the function does not have it.
     *
     * @throws MessageFault if there can be no such region
     */
    int size(long region) throws MessageFault {
        if (region >= COUNT) {
            throw new MessageFault("region " + region);
        }
        return sizes[(int) region];
    }

    private void check(long region, long offset, int count) throws MessageFault {
        int size = size(region);
        if (count == 0 || count > size || offset < 0 || offset > size - count) {
            throw new MessageFault("%d bytes at %#x of region %d".formatted(count, offset, region));
        }
        if (region != CONFIG && (count > 8 || Integer.bitCount(count) != 1)) {
            throw new MessageFault("BAR access of %d bytes".formatted(count));
        }
    }

    /**
     * Reads.
     *
     * @param into the bytes are appended
     * @throws MessageFault if the region has no such bytes, or cannot be read by as many
     */
    void read(Request.RegionRead read, ByteBuf into) throws MessageFault {
        check(read.region(), read.offset(), read.count());
        if (read.region() == CONFIG) {
            byte[] bytes = new byte[read.count()];
            function.configRead((int) read.offset(), bytes);
            into.writeBytes(bytes);
            return;
        }
        long value = function.barRead((int) read.region(), (int) read.offset(), read.count());
        switch (read.count()) {
            case 1 -> into.writeByte((int) value);
            case 2 -> into.writeShortLE((int) value);
            case 4 -> into.writeIntLE((int) value);
            default -> into.writeLongLE(value);
        }
    }

    /**
     * Writes.
     *
     * @param data at {@code index}, {@code count} bytes
     * @throws MessageFault if the region has no such bytes, or cannot be written by as many
     */
    void write(long region, long offset, ByteBuf data, int index, int count) throws MessageFault {
        check(region, offset, count);
        if (region == CONFIG) {
            byte[] bytes = new byte[count];
            data.getBytes(index, bytes);
            function.configWrite((int) offset, bytes);
            return;
        }
        long value = switch (count) {
            case 1 -> data.getUnsignedByte(index);
            case 2 -> data.getUnsignedShortLE(index);
            case 4 -> data.getUnsignedIntLE(index);
            default -> data.getLongLE(index);
        };
        function.barWrite((int) region, (int) offset, count, value);
    }
}
