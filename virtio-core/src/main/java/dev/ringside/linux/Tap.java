package dev.ringside.linux;

import com.sun.jna.Native;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/**
 * One queue of a TAP interface (Documentation/networking/tuntap): frames in and out, each behind a struct
 * virtio_net_hdr. Non-blocking.
 */
public final class Tap implements AutoCloseable {
    /** The longest name of an interface, in bytes (IFNAMSIZ without its NUL). */
    public static final int MAX_NAME_BYTES = 15;
    /** The most queues of one interface (MAX_TAP_QUEUES). */
    public static final int MAX_QUEUES = 256;

    /** TUN_F_: what may be left undone in frames that are read. */
    public static final int F_CSUM = 1;

    public static final int F_TSO4 = 2;
    public static final int F_TSO6 = 4;
    public static final int F_TSO_ECN = 8;
    public static final int F_UFO = 0x10;
    public static final int F_USO4 = 0x20;
    public static final int F_USO6 = 0x40;

    private static final Path DEVICE = Path.of("/dev/net/tun");

    private static final long TUNSETIFF = 0x400454ca;
    private static final long TUNSETOFFLOAD = 0x400454d0;
    private static final long TUNGETIFF = 0x800454d2;
    private static final long TUNSETVNETHDRSZ = 0x400454d8;
    private static final long TUNSETQUEUE = 0x400454d9;
    private static final long SIOCGIFFLAGS = 0x8913;
    private static final long SIOCSIFFLAGS = 0x8914;

    private static final int IFF_TAP = 2;
    private static final int IFF_MULTI_QUEUE = 0x100;
    private static final int IFF_ATTACH_QUEUE = 0x200;
    private static final int IFF_DETACH_QUEUE = 0x400;
    private static final int IFF_NO_PI = 0x1000;
    private static final int IFF_VNET_HDR = 0x4000;
    private static final int IFF_UP = 1;

    private static final int AF_INET = 2;
    private static final int SOCK_DGRAM = 2;
    private static final int SOCK_CLOEXEC = 0x80000;

    /** struct ifreq: name, then a union that begins with the flags. */
    private static final int IFREQ_FLAGS = 16;

    private static final int IFREQ_BYTES = 40;

    private final Fd fd;
    private final String name;
    private final boolean multiQueue;

    private Tap(Fd fd, String name, boolean multiQueue) {
        this.fd = fd;
        this.name = name;
        this.multiQueue = multiQueue;
    }

    /**
     * Opens a queue of an interface, which is made if it does not exist yet.
     *
     * @param name at most {@link #MAX_NAME_BYTES}
     * @param multiQueue whether the interface is, or is to be, one of several queues
     * @param headerBytes of the struct virtio_net_hdr before each frame
     */
    public static Tap open(String name, boolean multiQueue, int headerBytes) throws LinuxException {
        Fd fd = HostFile.open(DEVICE, HostFile.O_RDWR);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment request = request(name, arena);
            int flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR | (multiQueue ? IFF_MULTI_QUEUE : 0);
            request.set(ValueLayout.JAVA_SHORT, IFREQ_FLAGS, (short) flags);
            ioctl(fd, TUNSETIFF, request.address(), "TUNSETIFF " + name);
            return prepared(fd, request.getString(0, StandardCharsets.UTF_8), multiQueue, headerBytes);
        } catch (LinuxException e) {
            fd.close();
            throw e;
        }
    }

    /**
     * Takes over a queue that another process has opened.
     *
     * @param fd taken over; closed if this throws
     * @param headerBytes of the struct virtio_net_hdr before each frame
     * @throws LinuxException if it is no TAP, or one without struct virtio_net_hdr
     */
    public static Tap adopt(Fd fd, int headerBytes) throws LinuxException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment request = arena.allocate(IFREQ_BYTES, 8);
            ioctl(fd, TUNGETIFF, request.address(), "TUNGETIFF of file descriptor " + fd.value());
            int flags = request.get(ValueLayout.JAVA_SHORT, IFREQ_FLAGS);
            if ((flags & IFF_TAP) == 0 || (flags & IFF_VNET_HDR) == 0 || (flags & IFF_NO_PI) == 0) {
                throw new LinuxException(
                        "file descriptor " + fd.value() + " needs IFF_TAP, IFF_NO_PI and IFF_VNET_HDR", Errno.EINVAL);
            }
            return prepared(
                    fd, request.getString(0, StandardCharsets.UTF_8), (flags & IFF_MULTI_QUEUE) != 0, headerBytes);
        } catch (LinuxException e) {
            fd.close();
            throw e;
        }
    }

    private static Tap prepared(Fd fd, String name, boolean multiQueue, int headerBytes) throws LinuxException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment size = arena.allocateFrom(ValueLayout.JAVA_INT, headerBytes);
            ioctl(fd, TUNSETVNETHDRSZ, size.address(), "TUNSETVNETHDRSZ");
        }
        NonBlocking.set(fd);
        return new Tap(fd, name, multiQueue);
    }

    private static MemorySegment request(String name, Arena arena) {
        byte[] bytes = name.getBytes(StandardCharsets.UTF_8);
        if (bytes.length > MAX_NAME_BYTES) {
            throw new IllegalArgumentException("interface name is too long: " + name);
        }
        MemorySegment request = arena.allocate(IFREQ_BYTES, 8);
        MemorySegment.copy(bytes, 0, request, ValueLayout.JAVA_BYTE, 0, bytes.length);
        return request;
    }

    /** The descriptor, which this object goes on to own. */
    public Fd fd() {
        return fd;
    }

    /** The interface's name. */
    public String name() {
        return name;
    }

    /** Whether {@link #attach} and {@link #detach} work. */
    public boolean isMultiQueue() {
        return multiQueue;
    }

    /**
     * Says what may be left undone in frames that are read from any queue.
     *
     * @param offloads mask of {@code F_}
     * @return whether the kernel agrees; if not, all is as before
     */
    public boolean offload(int offloads) {
        return Libc.ioctl(fd.value(), TUNSETOFFLOAD, offloads) == 0;
    }

    /** Gives this queue its share of the interface's frames again. */
    public void attach() throws LinuxException {
        setQueue(IFF_ATTACH_QUEUE);
    }

    /** Takes this queue out: its frames go to the others. */
    public void detach() throws LinuxException {
        setQueue(IFF_DETACH_QUEUE);
    }

    private void setQueue(int flag) throws LinuxException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment request = arena.allocate(IFREQ_BYTES, 8);
            request.set(ValueLayout.JAVA_SHORT, IFREQ_FLAGS, (short) flag);
            ioctl(fd, TUNSETQUEUE, request.address(), "TUNSETQUEUE " + name);
        }
    }

    /** Sets the interface up, as {@code ip link set NAME up} does. */
    public void up() throws LinuxException {
        int number = Libc.socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        if (number < 0) {
            throw LinuxException.last("socket");
        }
        try (Fd socket = new Fd(number);
                Arena arena = Arena.ofConfined()) {
            MemorySegment request = request(name, arena);
            ioctl(socket, SIOCGIFFLAGS, request.address(), "SIOCGIFFLAGS " + name);
            short flags = request.get(ValueLayout.JAVA_SHORT, IFREQ_FLAGS);
            request.set(ValueLayout.JAVA_SHORT, IFREQ_FLAGS, (short) (flags | IFF_UP));
            ioctl(socket, SIOCSIFFLAGS, request.address(), "SIOCSIFFLAGS " + name);
        }
    }

    private static void ioctl(Fd fd, long request, long argument, String what) throws LinuxException {
        if (Libc.ioctl(fd.value(), request, argument) < 0) {
            throw new LinuxException(what, Native.getLastError());
        }
    }

    @Override
    public void close() {
        fd.close();
    }
}
