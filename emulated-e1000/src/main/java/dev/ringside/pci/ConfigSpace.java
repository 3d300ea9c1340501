package dev.ringside.pci;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * The 256 bytes that describe a function to software (PCI 2.3 §6.1), each bit read-only, writable, or cleared by writing a
 * one. What is written takes effect through the accessors here; nothing else reacts to it. Used on one loop.
 */
public final class ConfigSpace {
    public static final int BYTES = 256;

    public static final int COMMAND = 0x04;
    public static final int STATUS = 0x06;
    /** The first of six BARs. */
    public static final int BASE_ADDRESS = 0x10;

    /** COMMAND: the function decodes its I/O BARs. */
    public static final int COMMAND_IO = 1;
    /** COMMAND: the function decodes its memory BARs. */
    public static final int COMMAND_MEMORY = 1 << 1;
    /** COMMAND: the function may start DMA. */
    public static final int COMMAND_MASTER = 1 << 2;
    /** COMMAND: INTx stays deasserted (§6.2.2). */
    public static final int COMMAND_INTX_DISABLE = 1 << 10;

    private static final int COMMAND_WRITABLE = 0x0557;

    /** STATUS: INTx is pending inside the function, whether disabled or not (§6.2.3). */
    private static final int STATUS_INTERRUPT = 1 << 3;

    private static final int STATUS_CAPABILITIES = 1 << 4;
    private static final int STATUS_MASTER_ABORT = 1 << 13;
    /** Parity errors and aborts: cleared by writing ones. */
    private static final int STATUS_CLEARABLE = 0xf900;

    private static final int REVISION = 0x08;
    private static final int CLASS_CODE = 0x09;
    private static final int CACHE_LINE_SIZE = 0x0c;
    private static final int LATENCY_TIMER = 0x0d;
    private static final int SUBSYSTEM_VENDOR = 0x2c;
    private static final int SUBSYSTEM = 0x2e;
    private static final int CAPABILITIES = 0x34;
    private static final int INTERRUPT_LINE = 0x3c;
    private static final int INTERRUPT_PIN = 0x3d;
    private static final int MIN_GRANT = 0x3e;

    private static final int CAPABILITY_PM = 1;
    private static final int PM_CAPABILITIES = 2;
    private static final int PM_CONTROL = 4;
    /** Version 2, D3hot wakes by PME (PM §3.2.3). */
    private static final int PM_CAPABILITIES_VALUE = 0x4822;

    private static final int PM_STATE = 3;
    private static final int PM_PME_ENABLE = 1 << 8;
    private static final int PM_PME_STATUS = 1 << 15;

    private final ByteBuffer values = ByteBuffer.allocate(BYTES).order(ByteOrder.LITTLE_ENDIAN);
    private final byte[] initial = new byte[BYTES];
    private final byte[] writable = new byte[BYTES];
    private final byte[] clearable = new byte[BYTES];
    private int lastCapability = CAPABILITIES;
    private int powerManagement;

    /**
     * A function with interrupt pin INTA#.
     *
     * @param vendor and {@code device}: 16 bits each
     * @param revision 8 bits
     * @param classCode 24 bits: class, subclass, programming interface
     * @param subsystemVendor and {@code subsystem}: 16 bits each
     */
    public ConfigSpace(int vendor, int device, int revision, int classCode, int subsystemVendor, int subsystem) {
        values.putShort(0, (short) vendor);
        values.putShort(2, (short) device);
        values.put(REVISION, (byte) revision);
        values.put(CLASS_CODE, (byte) classCode);
        values.putShort(CLASS_CODE + 1, (short) (classCode >> 8));
        values.putShort(SUBSYSTEM_VENDOR, (short) subsystemVendor);
        values.putShort(SUBSYSTEM, (short) subsystem);
        values.put(INTERRUPT_PIN, (byte) 1);
        allow(COMMAND, 2, COMMAND_WRITABLE);
        allow(CACHE_LINE_SIZE, 1, 0xff);
        allow(LATENCY_TIMER, 1, 0xf8);
        allow(INTERRUPT_LINE, 1, 0xff);
        clearable[STATUS + 1] = (byte) (STATUS_CLEARABLE >> 8);
        seal();
    }

    private void allow(int offset, int bytes, int bits) {
        for (int i = 0; i < bytes; i++) {
            writable[offset + i] |= (byte) (bits >>> (8 * i));
        }
    }

    private void seal() {
        System.arraycopy(values.array(), 0, initial, 0, BYTES);
    }

    /** Adds a BAR. */
    public void add(Bar bar) {
        values.putInt(bar.offset(), bar.typeBits());
        allow(bar.offset(), 4, bar.writableBits());
        seal();
    }

    /** Says how long the function likes to hold the bus, in units of 250 ns (§6.2.4). */
    public void minGrant(int grant) {
        values.put(MIN_GRANT, (byte) grant);
        seal();
    }

    /** Adds the power management capability at an offset: D0 and D3hot. */
    public void addPowerManagement(int offset) {
        values.put(lastCapability == CAPABILITIES ? CAPABILITIES : lastCapability + 1, (byte) offset);
        values.putShort(STATUS, (short) (values.getShort(STATUS) | STATUS_CAPABILITIES));
        values.put(offset, (byte) CAPABILITY_PM);
        values.putShort(offset + PM_CAPABILITIES, (short) PM_CAPABILITIES_VALUE);
        allow(offset + PM_CONTROL, 2, PM_STATE | PM_PME_ENABLE);
        clearable[offset + PM_CONTROL + 1] = (byte) (PM_PME_STATUS >> 8);
        lastCapability = offset;
        powerManagement = offset;
        seal();
    }

    /**
     * Copies bytes out.
     *
     * @param offset with {@code to.length}, within {@link #BYTES}
     */
    public void read(int offset, byte[] to) {
        values.get(offset, to);
    }

    /**
     * Writes bytes, as far as they are writable.
     *
     * @param offset with {@code from.length}, within {@link #BYTES}
     */
    public void write(int offset, byte[] from) {
        int stateBefore = powerState();
        for (int i = 0; i < from.length; i++) {
            int at = offset + i;
            byte kept = (byte) (values.get(at) & ~writable[at]);
            byte changed = (byte) (from[i] & writable[at]);
            values.put(at, (byte) ((kept | changed) & ~(from[i] & clearable[at])));
        }
        int state = powerState();
        if (state == 1 || state == 2) {
            // A state that is not supported is not entered (PM §3.2.4).
            setPowerState(stateBefore);
        }
    }

    private void setPowerState(int state) {
        int at = powerManagement + PM_CONTROL;
        values.put(at, (byte) ((values.get(at) & ~PM_STATE) | state));
    }

    /** 0 for D0 to 3 for D3hot. */
    public int powerState() {
        return powerManagement == 0 ? 0 : values.get(powerManagement + PM_CONTROL) & PM_STATE;
    }

    /** The COMMAND register. */
    public int command() {
        return Short.toUnsignedInt(values.getShort(COMMAND));
    }

    /** Shows in STATUS whether the function wants an interrupt. */
    public void interruptPending(boolean pending) {
        int status = values.getShort(STATUS);
        values.putShort(STATUS, (short) (pending ? status | STATUS_INTERRUPT : status & ~STATUS_INTERRUPT));
    }

    /** Notes in STATUS that nothing answered to an address of a DMA transfer. */
    public void masterAbort() {
        values.putShort(STATUS, (short) (values.getShort(STATUS) | STATUS_MASTER_ABORT));
    }

    /** Everything as it was at power-on. */
    public void reset() {
        values.put(0, initial);
    }

    @Override
    public String toString() {
        return "config " + Arrays.toString(Arrays.copyOf(values.array(), 64));
    }
}
