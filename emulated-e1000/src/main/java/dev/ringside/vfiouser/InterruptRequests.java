package dev.ringside.vfiouser;

import dev.ringside.channel.Frame;
import dev.ringside.fault.MessageFault;
import dev.ringside.linux.EventFd;
import dev.ringside.linux.Fd;
import dev.ringside.linux.LinuxException;
import dev.ringside.linux.NonBlocking;
import org.jspecify.annotations.Nullable;

/** DEVICE_SET_IRQS in all its forms (linux/vfio.h, VFIO_DEVICE_SET_IRQS), for a function that has INTx and nothing else. */
final class InterruptRequests {
    /** VFIO_PCI_INTX_IRQ_INDEX. */
    static final int INTX = 0;
    /** INTx, MSI, MSI-X, error, request. */
    static final int INDEXES = 5;

    private static final int DATA_MASK = 0x7;
    private static final int DATA_NONE = 0x1;
    private static final int DATA_BOOL = 0x2;
    private static final int DATA_EVENTFD = 0x4;
    private static final int ACTION_MASK = 0x8;
    private static final int ACTION_UNMASK = 0x10;
    private static final int ACTION_TRIGGER = 0x20;

    private InterruptRequests() {}

    /**
     * Does what a request says.
     *
     * @param frame gives its descriptor away if it is used
     * @throws MessageFault if there is no such interrupt, or the combination of flags means nothing
     */
    static void apply(Request.SetIrqs request, IntxLine line, Frame frame) throws MessageFault {
        int flags = (int) request.flags();
        int data = flags & DATA_MASK;
        int action = flags & ~DATA_MASK;
        checkTarget(request);
        checkFlags(request, data, action);
        if (request.count() == 0) {
            // Of an index that has interrupts: none of them signals any more.
            if (request.index() == INTX && action == ACTION_TRIGGER && data == DATA_NONE) {
                line.disconnect();
            }
            return;
        }
        switch (data) {
            case DATA_EVENTFD -> connect(action, line, eventFd(request.fd(), frame));
            case DATA_BOOL -> {
                if (request.data().getByte(0) != 0) {
                    act(action, line);
                }
            }
            default -> act(action, line);
        }
    }

    private static void checkTarget(Request.SetIrqs request) throws MessageFault {
        long present = request.index() == INTX ? 1 : 0;
        if (request.index() >= INDEXES || request.start() + request.count() > present) {
            throw new MessageFault("SET_IRQS for interrupts %d to %d of index %d"
                    .formatted(request.start(), request.start() + request.count() - 1, request.index()));
        }
    }

    private static void checkFlags(Request.SetIrqs request, int data, int action) throws MessageFault {
        boolean oneData = Integer.bitCount(data) == 1;
        boolean oneAction = action == ACTION_MASK || action == ACTION_UNMASK || action == ACTION_TRIGGER;
        // Linux, too, has no eventfd that masks.
        boolean known = data != DATA_EVENTFD || action != ACTION_MASK;
        boolean complete = data != DATA_BOOL || request.data().readableBytes() >= request.count();
        boolean fitting = data == DATA_EVENTFD || request.fd() == null;
        if (!oneData || !oneAction || !known || !complete || !fitting) {
            throw new MessageFault("SET_IRQS with flags %#x, %d bytes and %s"
                    .formatted(request.flags(), request.data().readableBytes(), request.fd()));
        }
    }

    private static @Nullable Fd eventFd(@Nullable Fd fd, Frame frame) throws MessageFault {
        if (fd == null) {
            return null;
        }
        if (!EventFd.isEventFd(fd)) {
            throw new MessageFault("SET_IRQS with a descriptor that is no eventfd");
        }
        try {
            NonBlocking.set(fd);
        } catch (LinuxException e) {
            throw new MessageFault("SET_IRQS: " + e.getMessage());
        }
        return frame.take(fd);
    }

    private static void connect(int action, IntxLine line, @Nullable Fd fd) {
        if (action == ACTION_TRIGGER) {
            line.trigger(fd);
        } else {
            line.resample(fd);
        }
    }

    private static void act(int action, IntxLine line) {
        switch (action) {
            case ACTION_MASK -> line.mask();
            case ACTION_UNMASK -> line.unmask();
            default -> line.signal();
        }
    }
}
