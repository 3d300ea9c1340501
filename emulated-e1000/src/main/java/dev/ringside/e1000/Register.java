package dev.ringside.e1000;

import org.jspecify.annotations.Nullable;

/**
 * The registers of the 82540EM: where they are in BAR 0, what they hold after a reset, and which of their bits a write
 * changes as it is. A register with a mask of 0 is read-only, or a write does something else ({@link E1000}).
 */
public enum Register {
    /** Device control (§13.4.1); bit 31 resets the PHY and reads 0. */
    CTRL(0x0000, 0x00140241, 0x7fffffff),
    /** Device status (§13.4.2). */
    STATUS(0x0008, 0, 0),
    /** EEPROM control and data: the EEPROM's four wires. */
    EECD(0x0010, 0, 0),
    /** EEPROM read. */
    EERD(0x0014, 0, 0),
    /** Extended device control (§13.4.6); PHYINT is the PHY's, ASDCHK and EE_RST read 0. */
    CTRL_EXT(0x0018, 0, 0xffffcfdf),
    /** Flash access: there is no flash. */
    FLA(0x001c, 0, 0),
    /** MDI control: the PHY's registers. */
    MDIC(0x0020, 0x10000000, 0),
    /** Flow control address, low. */
    FCAL(0x0028, 0, 0xffffffff),
    /** Flow control address, high. */
    FCAH(0x002c, 0, 0x0000ffff),
    /** Flow control type. */
    FCT(0x0030, 0, 0x0000ffff),
    /** VLAN Ether type. */
    VET(0x0038, 0x00008100, 0x0000ffff),
    /** Interrupt cause read; reading clears it. */
    ICR(0x00c0, 0, 0),
    /** Interrupt throttling, in units of 256 ns. */
    ITR(0x00c4, 0, 0x0000ffff),
    /** Interrupt cause set. */
    ICS(0x00c8, 0, 0),
    /** Interrupt mask set. */
    IMS(0x00d0, 0, 0),
    /** Interrupt mask clear. */
    IMC(0x00d8, 0, 0),
    /** Receive control. */
    RCTL(0x0100, 0, 0x07fffffe),
    /** Flow control transmit timer value. */
    FCTTV(0x0170, 0, 0x0000ffff),
    /** Transmit configuration word. */
    TXCW(0x0178, 0, 0xc000ffff),
    /** Receive configuration word. */
    RXCW(0x0180, 0, 0),
    /** Transmit control; bit 22 sends a pause frame and reads 0. */
    TCTL(0x0400, 0, 0x01bfffff),
    /** Transmit inter-packet gap. */
    TIPG(0x0410, 0x00602006, 0x3fffffff),
    /** Adaptive IFS throttle. */
    AIT(0x0458, 0, 0x0000ffff),
    /** LED control. */
    LEDCTL(0x0e00, 0x07061302, 0xcfcfcfcf),
    /** Packet buffer allocation, in KB (§13.4.16): for receiving, and above it what is left for sending. */
    PBA(0x1000, 0x00100030, 0x0000007f),
    /** Flow control receive threshold, low. */
    FCRTL(0x2160, 0, 0x8000fff8),
    /** Flow control receive threshold, high. */
    FCRTH(0x2168, 0, 0x0000fff8),
    /** Receive data FIFO head. */
    RDFH(0x2410, 0, 0x00001fff),
    /** Receive data FIFO tail. */
    RDFT(0x2418, 0, 0x00001fff),
    /** Receive data FIFO head, saved. */
    RDFHS(0x2420, 0, 0x00001fff),
    /** Receive data FIFO tail, saved. */
    RDFTS(0x2428, 0, 0x00001fff),
    /** Receive data FIFO packet count. */
    RDFPC(0x2430, 0, 0x00001fff),
    /** Receive descriptor base address, low. */
    RDBAL(0x2800, 0, 0xfffffff0),
    /** Receive descriptor base address, high. */
    RDBAH(0x2804, 0, 0xffffffff),
    /** Receive descriptor length, in bytes. */
    RDLEN(0x2808, 0, 0x000fff80),
    /** Receive descriptor head. */
    RDH(0x2810, 0, 0x0000ffff),
    /** Receive descriptor tail. */
    RDT(0x2818, 0, 0x0000ffff),
    /** Receive delay timer, in units of 1.024 us; bit 31 flushes and reads 0. */
    RDTR(0x2820, 0, 0x0000ffff),
    /** Receive descriptor control. */
    RXDCTL(0x2828, 0x00010000, 0x013f3f3f),
    /** Receive interrupt absolute delay timer, in units of 1.024 us. */
    RADV(0x282c, 0, 0x0000ffff),
    /** Receive small packet detect. */
    RSRPD(0x2c00, 0, 0x00000fff),
    /** Transmit DMA control. */
    TXDMAC(0x3000, 0, 0x00000001),
    /** Transmit data FIFO head. */
    TDFH(0x3410, 0, 0x00001fff),
    /** Transmit data FIFO tail. */
    TDFT(0x3418, 0, 0x00001fff),
    /** Transmit data FIFO head, saved. */
    TDFHS(0x3420, 0, 0x00001fff),
    /** Transmit data FIFO tail, saved. */
    TDFTS(0x3428, 0, 0x00001fff),
    /** Transmit data FIFO packet count. */
    TDFPC(0x3430, 0, 0x00001fff),
    /** Transmit descriptor base address, low. */
    TDBAL(0x3800, 0, 0xfffffff0),
    /** Transmit descriptor base address, high. */
    TDBAH(0x3804, 0, 0xffffffff),
    /** Transmit descriptor length, in bytes. */
    TDLEN(0x3808, 0, 0x000fff80),
    /** Transmit descriptor head. */
    TDH(0x3810, 0, 0x0000ffff),
    /** Transmit descriptor tail. */
    TDT(0x3818, 0, 0x0000ffff),
    /** Transmit interrupt delay value, in units of 1.024 us; bit 31 flushes and reads 0. */
    TIDV(0x3820, 0, 0x0000ffff),
    /** Transmit descriptor control. */
    TXDCTL(0x3828, 0, 0xffffffff),
    /** Transmit absolute interrupt delay value, in units of 1.024 us. */
    TADV(0x382c, 0, 0x0000ffff),
    /** TCP segmentation pad and minimum threshold. */
    TSPMT(0x3830, 0x01000400, 0xffffffff),
    /** CRC errors. */
    CRCERRS(0x4000),
    /** Alignment errors. */
    ALGNERRC(0x4004),
    /** Symbol errors. */
    SYMERRS(0x4008),
    /** Receive errors. */
    RXERRC(0x400c),
    /** Missed packets. */
    MPC(0x4010),
    /** Single collisions. */
    SCC(0x4014),
    /** Excessive collisions. */
    ECOL(0x4018),
    /** Multiple collisions. */
    MCC(0x401c),
    /** Late collisions. */
    LATECOL(0x4020),
    /** Collisions. */
    COLC(0x4028),
    /** Defers. */
    DC(0x4030),
    /** Transmissions without carrier sense. */
    TNCRS(0x4034),
    /** Sequence errors. */
    SEC(0x4038),
    /** Carrier extension errors. */
    CEXTERR(0x403c),
    /** Receive length errors. */
    RLEC(0x4040),
    /** XON frames received. */
    XONRXC(0x4048),
    /** XON frames sent. */
    XONTXC(0x404c),
    /** XOFF frames received. */
    XOFFRXC(0x4050),
    /** XOFF frames sent. */
    XOFFTXC(0x4054),
    /** Flow control frames received that mean nothing here. */
    FCRUC(0x4058),
    /** Good frames of 64 bytes received. */
    PRC64(0x405c),
    /** Good frames of 65 to 127 bytes received. */
    PRC127(0x4060),
    /** Good frames of 128 to 255 bytes received. */
    PRC255(0x4064),
    /** Good frames of 256 to 511 bytes received. */
    PRC511(0x4068),
    /** Good frames of 512 to 1023 bytes received. */
    PRC1023(0x406c),
    /** Good frames of 1024 bytes and more received. */
    PRC1522(0x4070),
    /** Good frames received. */
    GPRC(0x4074),
    /** Broadcast frames received. */
    BPRC(0x4078),
    /** Multicast frames received. */
    MPRC(0x407c),
    /** Good frames sent. */
    GPTC(0x4080),
    /** Good bytes received, low. */
    GORCL(0x4088),
    /** Good bytes received, high; reading clears both. */
    GORCH(0x408c),
    /** Good bytes sent, low. */
    GOTCL(0x4090),
    /** Good bytes sent, high; reading clears both. */
    GOTCH(0x4094),
    /** Times that there was no buffer to receive into. */
    RNBC(0x40a0),
    /** Undersized frames received. */
    RUC(0x40a4),
    /** Fragments received. */
    RFC(0x40a8),
    /** Oversized frames received. */
    ROC(0x40ac),
    /** Jabber received. */
    RJC(0x40b0),
    /** Management packets received. */
    MGTPRC(0x40b4),
    /** Management packets dropped. */
    MGTPDC(0x40b8),
    /** Management packets sent. */
    MGTPTC(0x40bc),
    /** All bytes received, low. */
    TORL(0x40c0),
    /** All bytes received, high; reading clears both. */
    TORH(0x40c4),
    /** All bytes sent, low. */
    TOTL(0x40c8),
    /** All bytes sent, high; reading clears both. */
    TOTH(0x40cc),
    /** All frames received. */
    TPR(0x40d0),
    /** All frames sent. */
    TPT(0x40d4),
    /** Frames of 64 bytes sent. */
    PTC64(0x40d8),
    /** Frames of 65 to 127 bytes sent. */
    PTC127(0x40dc),
    /** Frames of 128 to 255 bytes sent. */
    PTC255(0x40e0),
    /** Frames of 256 to 511 bytes sent. */
    PTC511(0x40e4),
    /** Frames of 512 to 1023 bytes sent. */
    PTC1023(0x40e8),
    /** Frames of 1024 bytes and more sent. */
    PTC1522(0x40ec),
    /** Multicast frames sent. */
    MPTC(0x40f0),
    /** Broadcast frames sent. */
    BPTC(0x40f4),
    /** TCP segmentation contexts sent. */
    TSCTC(0x40f8),
    /** TCP segmentation contexts that failed. */
    TSCTFC(0x40fc),
    /** Receive checksum control. */
    RXCSUM(0x5000, 0, 0x000007ff),
    /** Multicast table array. */
    MTA(0x5200, 128, 0, 0xffffffff),
    /** Receive addresses: RAL and RAH of each; what RAH can hold is {@link RegisterFile}'s to know. */
    RA(0x5400, 32, 0, 0xffffffff),
    /** VLAN filter table array. */
    VFTA(0x5600, 128, 0, 0xffffffff),
    /** Wake up control. */
    WUC(0x5800, 0, 0x0000000f),
    /** Wake up filter control. */
    WUFC(0x5808, 0, 0x000f80ff),
    /** Wake up status. */
    WUS(0x5810, 0, 0),
    /** Management control. */
    MANC(0x5820, 0, 0xffffffff),
    /** IP address valid. */
    IPAV(0x5838, 0, 0x0001000f),
    /** IPv4 address table. */
    IP4AT(0x5840, 8, 0, 0xffffffff),
    /** IPv6 address table. */
    IP6AT(0x5880, 4, 0, 0xffffffff),
    /** Wake up packet length. */
    WUPL(0x5900, 0, 0),
    /** Wake up packet memory. */
    WUPM(0x5a00, 32, 0, 0),
    /** Flexible filter length table. */
    FFLT(0x5f00, 8, 0, 0x000007ff),
    /** Flexible filter mask table. */
    FFMT(0x9000, 256, 0, 0x0000000f),
    /** Flexible filter value table. */
    FFVT(0x9800, 256, 0, 0xffffffff),
    /** Packet buffer memory, for diagnostics. */
    PBM(0x10000, 16384, 0, 0xffffffff);

    /** Bytes of BAR 0. */
    static final int SPACE_BYTES = 0x20000;

    private static final int FIRST_STATISTIC = 0x4000;
    private static final int LAST_STATISTIC = 0x40fc;

    private static final @Nullable Register[] BY_WORD = new Register[SPACE_BYTES / 4];
    private static final short[] INDEX = new short[SPACE_BYTES / 4];

    static {
        for (Register register : values()) {
            place(register.offset, register);
        }
        // The addresses that these registers had in the 82542 still work (§13.3).
        place(0x0108, RDTR);
        place(0x0110, RDBAL);
        place(0x0114, RDBAH);
        place(0x0118, RDLEN);
        place(0x0120, RDH);
        place(0x0128, RDT);
        place(0x0160, FCRTH);
        place(0x0168, FCRTL);
        place(0x0420, TDBAL);
        place(0x0424, TDBAH);
        place(0x0428, TDLEN);
        place(0x0430, TDH);
        place(0x0438, TDT);
        place(0x0440, TIDV);
        place(0x0040, RA);
        place(0x0200, MTA);
        place(0x0600, VFTA);
        place(0x0004, CTRL);
        place(0x8000, RDFH);
        place(0x8008, RDFT);
        place(0x8010, TDFH);
        place(0x8018, TDFT);
    }

    private static void place(int offset, Register register) {
        for (int i = 0; i < register.count; i++) {
            BY_WORD[offset / 4 + i] = register;
            INDEX[offset / 4 + i] = (short) i;
        }
    }

    private final int offset;
    private final int count;
    private final int reset;
    private final int writable;

    /** A register. */
    Register(int offset, int reset, int writable) {
        this(offset, 1, reset, writable);
    }

    /** A statistic, which reading clears. */
    Register(int offset) {
        this(offset, 1, 0, 0);
    }

    Register(int offset, int count, int reset, int writable) {
        this.offset = offset;
        this.count = count;
        this.reset = reset;
        this.writable = writable;
    }

    /**
     * The register at an offset of BAR 0, or {@code null} where there is none.
     *
     * @param offset a multiple of 4 below {@link #SPACE_BYTES}
     */
    static @Nullable Register at(int offset) {
        return BY_WORD[offset / 4];
    }

    /** Bytes from the beginning of BAR 0 to the first, or only, element. */
    public int offset() {
        return offset;
    }

    /** Elements of 32 bits. */
    public int count() {
        return count;
    }

    int resetValue() {
        return reset;
    }

    /** The bits that a write changes. */
    int writable() {
        return writable;
    }

    /** Whether it counts something, and reading clears it. */
    boolean isStatistic() {
        return offset >= FIRST_STATISTIC && offset <= LAST_STATISTIC;
    }

    /** Which element of its register stands at an offset; 0 for a single one. */
    static int indexAt(int offset) {
        return INDEX[offset / 4];
    }
}
