package dev.ringside.link;

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
    private final AtomicBoolean attached = new AtomicBoolean();

    /** How the queues are come by. */
    @FunctionalInterface
    private interface Opener {
        List<Tap> open(int pairs) throws IOException;
    }

    private TapLink(String name, Opener opener) {
        this.name = name;
        this.opener = opener;
    }

    /** The interface of a name, which is made if it does not exist. */
    static TapLink named(String interfaceName) {
        return new TapLink("tap:" + interfaceName, pairs -> TapQueues.open(interfaceName, pairs));
    }

    /** A descriptor that was inherited. */
    static TapLink inherited(int fd) {
        return new TapLink("tapfd:" + fd, pairs -> TapQueues.adopt(fd, pairs));
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
        return new TapPort(name, opener.open(nic.pairs()));
    }

    @Override
    public void close() {
        // The port owns the queues.
    }
}
