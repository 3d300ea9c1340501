package dev.ringside.vfiouser;

import org.jspecify.annotations.Nullable;

/** The commands of the protocol, with the least payload of each as a request and the most descriptors with it. */
enum Command {
    VERSION(1, 4, 0),
    DMA_MAP(2, 32, 1),
    DMA_UNMAP(3, 24, 0),
    DEVICE_GET_INFO(4, 4, 0),
    DEVICE_GET_REGION_INFO(5, 16, 0),
    DEVICE_GET_REGION_IO_FDS(6, 16, 0),
    DEVICE_GET_IRQ_INFO(7, 16, 0),
    DEVICE_SET_IRQS(8, 20, 1),
    REGION_READ(9, 16, 0),
    REGION_WRITE(10, 16, 0),
    /** Ours to send. */
    DMA_READ(11, 0, 0),
    /** Ours to send. */
    DMA_WRITE(12, 0, 0),
    DEVICE_RESET(13, 0, 0),
    REGION_WRITE_MULTI(15, 8, 0),
    DEVICE_FEATURE(16, 8, 0);

    private static final @Nullable Command[] BY_NUMBER = new Command[17];

    static {
        for (Command command : values()) {
            BY_NUMBER[command.number] = command;
        }
    }

    private final int number;
    private final int minBytes;
    private final int maxFds;

    Command(int number, int minBytes, int maxFds) {
        this.number = number;
        this.minBytes = minBytes;
        this.maxFds = maxFds;
    }

    /** The command of a number, or {@code null}. */
    static @Nullable Command of(int number) {
        return number < BY_NUMBER.length ? BY_NUMBER[number] : null;
    }

    int number() {
        return number;
    }

    /** Bytes that follow the header at least. */
    int minBytes() {
        return minBytes;
    }

    int maxFds() {
        return maxFds;
    }
}
