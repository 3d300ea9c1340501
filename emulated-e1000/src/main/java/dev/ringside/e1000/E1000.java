package dev.ringside.e1000;

import dev.ringside.link.Offload;
import dev.ringside.link.Port;
import dev.ringside.link.RxLane;
import dev.ringside.link.TxLane;
import dev.ringside.loop.DeviceLoop;
import dev.ringside.metrics.Metrics;
import dev.ringside.pci.Bar;
import dev.ringside.pci.ConfigSpace;
import dev.ringside.pci.PciBus;
import dev.ringside.pci.PciFunction;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** An Intel 82540EM as a PCI function: config space and address decoding (§4). */
public final class E1000 implements PciFunction {
    static final int VENDOR = 0x8086;
    static final int DEVICE = 0x100e;
    static final int SUBSYSTEM = 0x001e;

    private static final int REVISION = 0x02;
    private static final int CLASS_ETHERNET = 0x020000;
    private static final int MIN_GRANT = 0xff;
    private static final int POWER_MANAGEMENT = 0xdc;

    /** BAR 0: the registers. */
    private static final int REGISTERS = 0;
    /** BAR 2: IOADDR and IODATA, a window of 32 bits on BAR 0. */
    private static final int IO = 2;

    private static final int IO_BYTES = 64;
    private static final int IOADDR = 0;
    private static final int IODATA = 4;

    private static final List<Bar> BARS =
            List.of(new Bar(REGISTERS, Bar.Kind.MEMORY, Register.SPACE_BYTES), new Bar(IO, Bar.Kind.IO, IO_BYTES));

    private final String name;
    private final DeviceLoop loop;
    private final Port port;
    private final ConfigSpace config = new ConfigSpace(VENDOR, DEVICE, REVISION, CLASS_ETHERNET, VENDOR, SUBSYSTEM);
    private final TrapCounters traps;
    private final Card card;
    private @Nullable TxLane tx;
    private @Nullable RxLane rx;
    private final Runnable flush = this::flush;
    private boolean flushPending;
    private int ioAddress;

    /**
     * @param name for log lines
     * @param mac six bytes, in the order in which they are sent
     * @param port of the link; its lanes are opened and closed here, the port is closed by the caller
     * @param loop everything but this constructor is for its thread
     * @param metrics where what is counted is announced
     * @param labels of the card there
     */
    public E1000(String name, byte[] mac, Port port, DeviceLoop loop, Metrics metrics, Map<String, String> labels) {
        this.name = name;
        this.traps = new TrapCounters(metrics, labels);
        this.loop = loop;
        this.port = port;
        BARS.forEach(config::add);
        config.minGrant(MIN_GRANT);
        config.addPowerManagement(POWER_MANAGEMENT);
        card = new Card(new Eeprom(mac), config, new LoopTimers(loop));
    }

    /** The card's clock is its loop's. */
    private record LoopTimers(DeviceLoop loop) implements Timers {
        @Override
        public long nanos() {
            return System.nanoTime();
        }

        @Override
        public void after(long nanos, Runnable task) {
            if (nanos == 0) {
                // Not a task of the loop, which would run before queues and sockets of others get their turn.
                loop.atEndOfTurn(task);
            } else {
                loop.schedule(task, nanos, TimeUnit.NANOSECONDS);
            }
        }
    }

    @Override
    public String name() {
        return name;
    }

    /** How often the guest was trapped. From any thread. */
    public TrapCounters traps() {
        return traps;
    }

    @Override
    public List<Bar> bars() {
        return BARS;
    }

    @Override
    public void attach(PciBus bus) {
        card.host().plug(bus);
        TxLane out = port.openTx(0, loop, card::sendingResumed);
        tx = out;
        card.output(frame -> {
            flushLater();
            return out.send(frame);
        });
        RxLane in = port.openRx(0, loop, Offload.NONE, card.receiver());
        rx = in;
        card.receiver().onRoomAgain(in::roomAgain);
        port.onChange(() -> loop.execute(() -> card.phy().cable(port.isUp())));
        card.phy().cable(port.isUp());
    }

    /** Frames are sent from within register writes, timers and finished DMA: one flush does for all of a turn. */
    private void flushLater() {
        if (!flushPending) {
            flushPending = true;
            loop.atEndOfTurn(flush);
        }
    }

    private void flush() {
        flushPending = false;
        if (tx != null) {
            tx.flush();
        }
    }

    @Override
    public void detach(Runnable released) {
        port.onChange(() -> {});
        card.output(frame -> true);
        card.receiver().onRoomAgain(() -> {});
        card.host().plug(null);
        reset();
        TxLane out = tx;
        RxLane in = rx;
        tx = null;
        rx = null;
        if (out == null || in == null) {
            released.run();
        } else {
            out.close(() -> in.close(released));
        }
    }

    @Override
    public void reset() {
        config.reset();
        ioAddress = 0;
        card.powerOn();
    }

    @Override
    public void configRead(int offset, byte[] to) {
        config.read(offset, to);
    }

    @Override
    public void configWrite(int offset, byte[] from) {
        int before = config.powerState();
        config.write(offset, from);
        if (config.powerState() == 0 && before != 0) {
            // Waking up from D3hot resets the card (PM 1.1 §5.4).
            card.reset();
        }
        card.busChanged();
    }

    /** Registers are of 32 bits: a narrower read gets a part, at the price of the whole, and a wider one two. */
    @Override
    public long barRead(int bar, int offset, int width) {
        long low = Integer.toUnsignedLong(read(bar, offset & ~3));
        int shift = (offset & 3) * 8;
        if ((offset & 3) + width <= 4) {
            return low >>> shift & lowBits(width);
        }
        long high = offset + 4 <= lastWord(bar) ? Integer.toUnsignedLong(read(bar, (offset & ~3) + 4)) : 0;
        long both = (high << 32 | low) >>> shift;
        return both & lowBits(width);
    }

    private static long lowBits(int width) {
        return width == 8 ? -1L : (1L << (width * 8)) - 1;
    }

    private static int lastWord(int bar) {
        return (bar == REGISTERS ? Register.SPACE_BYTES : IO_BYTES) - 4;
    }

    private int read(int bar, int offset) {
        if (bar == REGISTERS) {
            return readRegister(offset);
        }
        if (offset == IODATA) {
            return isRegister(ioAddress) ? readRegister(ioAddress) : 0;
        }
        traps.readOther();
        return offset == IOADDR ? ioAddress : 0;
    }

    private static boolean isRegister(int address) {
        return address >= 0 && address < Register.SPACE_BYTES && (address & 3) == 0;
    }

    private int readRegister(int offset) {
        Register register = Register.at(offset);
        if (register == null) {
            traps.readOther();
            return 0;
        }
        traps.read(register);
        return card.read(register, Register.indexAt(offset));
    }

    /** A write that is not of one or two aligned registers is ignored, as the manual allows no other (§13.2). */
    @Override
    public void barWrite(int bar, int offset, int width, long value) {
        if ((offset & 3) != 0 || width < 4) {
            traps.writtenOther();
            return;
        }
        write(bar, offset, (int) value);
        if (width == 8) {
            write(bar, offset + 4, (int) (value >>> 32));
        }
    }

    private void write(int bar, int offset, int value) {
        if (bar == REGISTERS) {
            writeRegister(offset, value);
        } else if (offset == IODATA) {
            if (isRegister(ioAddress)) {
                writeRegister(ioAddress, value);
            }
        } else {
            traps.writtenOther();
            if (offset == IOADDR) {
                ioAddress = value;
            }
        }
    }

    private void writeRegister(int offset, int value) {
        Register register = Register.at(offset);
        if (register == null) {
            traps.writtenOther();
            return;
        }
        traps.written(register);
        card.write(register, Register.indexAt(offset), value);
    }
}
