package dev.ringside.link;

import dev.ringside.linux.Fd;
import dev.ringside.linux.Tap;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * A TAP interface of the host, or one queue of it that was inherited. Frames go between it and guest memory without a
 * copy in this process, whatever is left to be done to them: the kernel takes struct virtio_net_hdr as it is.
 */
final class TapLink implements Link {
    private final String name;
    private final Opener opener;
    private final boolean inUse;
    private final AtomicBoolean attached = new AtomicBoolean();

    /** How the queues are come by. */
    @FunctionalInterface
    private interface Opener {
        List<Tap> open(int pairs) throws IOException;
    }

    /** @param inUse whether another process receives from the queues */
    private TapLink(String name, Opener opener, boolean inUse) {
        this.name = name;
        this.opener = opener;
        this.inUse = inUse;
    }

    /** The interface of a name, which is made if it does not exist. */
    static TapLink named(String interfaceName) {
        return new TapLink("tap:" + interfaceName, pairs -> TapQueues.open(interfaceName, pairs), false);
    }

    /** A descriptor that was inherited. */
    static TapLink inherited(int fd) {
        return new TapLink("tapfd:" + fd, pairs -> TapQueues.adopt("tapfd:" + fd, List.of(new Fd(fd)), pairs), false);
    }

    /**
     * Descriptors of another process's queues.
     *
     * @param name of the link
     * @param queues taken over
     */
    static TapLink shared(String name, List<Fd> queues) {
        return new TapLink(name, pairs -> TapQueues.adopt(name, queues, pairs), true);
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public Port attach(Nic nic) throws IOException {
        if (attached.getAndSet(true)) {
            throw new IOException(name + ": only one NIC can be plugged into it");
        }
        TapPort port = new TapPort(name, opener.open(nic.pairs()));
        if (!inUse) {
            port.detachAll();
        }
        return port;
    }

    @Override
    public void close() {
        // The port owns the queues.
    }
}
