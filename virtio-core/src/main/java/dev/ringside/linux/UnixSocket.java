package dev.ringside.linux;

import com.sun.jna.Native;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A stream socket of AF_UNIX that carries file descriptors beside its bytes (unix(7), SCM_RIGHTS). Non-blocking and
 * close-on-exec. Not thread-safe: the message headers are reused from call to call.
 */
public final class UnixSocket implements AutoCloseable {
    /** The longest path that fits in struct sockaddr_un with its terminating NUL, in bytes. */
    public static final int MAX_PATH_BYTES = 107;
    /** What {@link #receive} and {@link #send} return when the call would have to wait. */
    public static final int WOULD_BLOCK = -1;

    private static final int AF_UNIX = 1;
    private static final int SOCK_STREAM = 1;
    private static final int SOCK_NONBLOCK = 0x800;
    private static final int SOCK_CLOEXEC = 0x80000;
    private static final int SOL_SOCKET = 1;
    private static final int SO_PEERCRED = 17;
    private static final int SO_ACCEPTCONN = 30;
    private static final int OWNER_ONLY = 0600;
    private static final int SCM_RIGHTS = 1;
    private static final int MSG_NOSIGNAL = 0x4000;
    private static final int MSG_CMSG_CLOEXEC = 0x40000000;
    private static final int MSG_CTRUNC = 8;
    private static final int SUN_PATH = 2;

    /** The most descriptors that Linux passes in one message (SCM_MAX_FD). */
    private static final int SCM_MAX_FD = 253;

    /** struct cmsghdr: u64 len, i32 level, i32 type, then the descriptors. */
    private static final int CMSG_DATA = 16;

    private static final int CONTROL_BYTES = align8(CMSG_DATA + SCM_MAX_FD * Integer.BYTES);

    /** struct msghdr: name, namelen, iov, iovlen, control, controllen, flags; followed here by its one iovec. */
    private static final int MSG_IOV = 16;

    private static final int MSG_IOVLEN = 24;
    private static final int MSG_CONTROL = 32;
    private static final int MSG_CONTROLLEN = 40;
    private static final int MSG_FLAGS = 48;
    private static final int IOV_BASE = 56;
    private static final int IOV_LEN = 64;
    private static final int HEADER_BYTES = 72;

    private final Fd fd;
    private final MemorySegment header;
    private final MemorySegment control;

    private UnixSocket(Fd fd) {
        this.fd = fd;
        // Garbage-collected: a socket is closed from paths that may still hold a header, and the bytes are few.
        Arena arena = Arena.ofAuto();
        header = arena.allocate(HEADER_BYTES, 8);
        control = arena.allocate(CONTROL_BYTES, 8);
        header.set(ValueLayout.JAVA_LONG, MSG_IOV, header.address() + IOV_BASE);
        header.set(ValueLayout.JAVA_LONG, MSG_IOVLEN, 1);
    }

    /**
     * Takes over a stream socket that another process handed us, and makes it non-blocking.
     *
     * @throws LinuxException if it is no socket; the descriptor is closed then
     */
    public static UnixSocket adopt(Fd fd) throws LinuxException {
        UnixSocket socket = new UnixSocket(fd);
        try {
            socket.isListening();
            NonBlocking.set(fd);
            return socket;
        } catch (LinuxException e) {
            socket.close();
            throw e;
        }
    }

    /** Whether this socket accepts connections, rather than being one. */
    public boolean isListening() throws LinuxException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment value = arena.allocate(ValueLayout.JAVA_INT);
            MemorySegment length = arena.allocateFrom(ValueLayout.JAVA_INT, Integer.BYTES);
            if (Libc.getsockopt(fd.value(), SOL_SOCKET, SO_ACCEPTCONN, value.address(), length.address()) != 0) {
                throw LinuxException.last("file descriptor " + fd.value());
            }
            return value.get(ValueLayout.JAVA_INT, 0) != 0;
        }
    }

    /** A socket that listens at a path, which must not exist yet; nobody but the owner can connect to it. */
    public static UnixSocket listen(Path path) throws LinuxException {
        UnixSocket socket = create();
        try (Arena arena = Arena.ofConfined()) {
            // The mode that the path is made with: there is no moment at which others could connect.
            if (Libc.fchmod(socket.fd.value(), OWNER_ONLY) != 0) {
                throw LinuxException.last("fchmod of a socket");
            }
            MemorySegment address = address(path, arena);
            if (Libc.bind(socket.fd.value(), address.address(), (int) address.byteSize()) != 0) {
                throw LinuxException.last("bind " + path);
            }
            if (Libc.listen(socket.fd.value(), 16) != 0) {
                throw LinuxException.last("listen " + path);
            }
            return socket;
        } catch (LinuxException e) {
            socket.close();
            throw e;
        }
    }

    /** A socket connected to the one that listens at a path. */
    public static UnixSocket connect(Path path) throws LinuxException {
        UnixSocket socket = create();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment address = address(path, arena);
            if (Libc.connect(socket.fd.value(), address.address(), (int) address.byteSize()) != 0) {
                throw LinuxException.last("connect " + path);
            }
            return socket;
        } catch (LinuxException e) {
            socket.close();
            throw e;
        }
    }

    /** Two sockets connected to each other. */
    public static UnixSocket[] pair() throws LinuxException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment fds = arena.allocate(ValueLayout.JAVA_INT, 2);
            if (Libc.socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds.address()) != 0) {
                throw LinuxException.last("socketpair");
            }
            return new UnixSocket[] {
                new UnixSocket(new Fd(fds.getAtIndex(ValueLayout.JAVA_INT, 0))),
                new UnixSocket(new Fd(fds.getAtIndex(ValueLayout.JAVA_INT, 1)))
            };
        }
    }

    private static final short POLLIN = 1;
    private static final short POLLOUT = 4;

    private static UnixSocket create() throws LinuxException {
        int fd = Libc.socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (fd < 0) {
            throw LinuxException.last("socket");
        }
        return new UnixSocket(new Fd(fd));
    }

    private static MemorySegment address(Path path, Arena arena) {
        byte[] bytes = path.toString().getBytes(StandardCharsets.UTF_8);
        if (bytes.length > MAX_PATH_BYTES) {
            throw new IllegalArgumentException("socket path is longer than " + MAX_PATH_BYTES + " bytes: " + path);
        }
        MemorySegment address = arena.allocate(SUN_PATH + bytes.length + 1L, 2);
        address.set(ValueLayout.JAVA_SHORT, 0, (short) AF_UNIX);
        MemorySegment.copy(bytes, 0, address, ValueLayout.JAVA_BYTE, SUN_PATH, bytes.length);
        return address;
    }

    /** The user id of the process at the other end, as of when it connected. */
    public int peerUid() throws LinuxException {
        try (Arena arena = Arena.ofConfined()) {
            // struct ucred: pid, uid, gid.
            MemorySegment credentials = arena.allocate(ValueLayout.JAVA_INT, 3);
            MemorySegment length = arena.allocateFrom(ValueLayout.JAVA_INT, (int) credentials.byteSize());
            if (Libc.getsockopt(fd.value(), SOL_SOCKET, SO_PEERCRED, credentials.address(), length.address()) != 0) {
                throw LinuxException.last("SO_PEERCRED");
            }
            return credentials.getAtIndex(ValueLayout.JAVA_INT, 1);
        }
    }

    /**
     * Whether a descriptor is a socket that has a name, or is connected to one that has: an end of somebody's connection to
     * a server, and not of a pair that a process has made for itself.
     */
    static boolean isNamed(Fd fd) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment address = arena.allocate(SUN_PATH + MAX_PATH_BYTES + 1L, 2);
            MemorySegment length = arena.allocate(ValueLayout.JAVA_INT);
            length.set(ValueLayout.JAVA_INT, 0, (int) address.byteSize());
            if (Libc.getsockname(fd.value(), address.address(), length.address()) == 0
                    && length.get(ValueLayout.JAVA_INT, 0) > SUN_PATH) {
                return true;
            }
            length.set(ValueLayout.JAVA_INT, 0, (int) address.byteSize());
            return Libc.getpeername(fd.value(), address.address(), length.address()) == 0
                    && length.get(ValueLayout.JAVA_INT, 0) > SUN_PATH;
        }
    }

    /** The descriptor, which this socket goes on to own. */
    public Fd fd() {
        return fd;
    }

    /**
     * Accepts one connection.
     *
     * @return the connection, or {@code null} when none is waiting
     */
    public @Nullable UnixSocket accept() throws LinuxException {
        while (true) {
            int connection = Libc.accept4(fd.value(), 0, 0, SOCK_NONBLOCK | SOCK_CLOEXEC);
            if (connection >= 0) {
                return new UnixSocket(new Fd(connection));
            }
            switch (Native.getLastError()) {
                case Errno.EINTR -> {}
                case Errno.EAGAIN -> {
                    return null;
                }
                default -> throw LinuxException.last("accept");
            }
        }
    }

    /**
     * Receives bytes, and the descriptors that came with them.
     *
     * @param buffer native memory; at most its size is received
     * @param received the descriptors are added here, and belong to the caller also when this throws
     * @return the number of bytes, 0 at the end of the stream, or {@link #WOULD_BLOCK}
     */
    public int receive(MemorySegment buffer, List<Fd> received) throws LinuxException {
        prepare(buffer, CONTROL_BYTES);
        long count;
        do {
            count = Libc.recvmsg(fd.value(), header.address(), MSG_CMSG_CLOEXEC);
        } while (count < 0 && Native.getLastError() == Errno.EINTR);
        if (count < 0) {
            if (Native.getLastError() == Errno.EAGAIN) {
                return WOULD_BLOCK;
            }
            throw LinuxException.last("recvmsg");
        }
        collect(received);
        if ((header.get(ValueLayout.JAVA_INT, MSG_FLAGS) & MSG_CTRUNC) != 0) {
            // Most often our own limit of open files: the message cannot be understood without all of its descriptors.
            throw new LinuxException("recvmsg: descriptors were cut off", Errno.EBADF);
        }
        return (int) count;
    }

    private void collect(List<Fd> received) {
        long end = header.get(ValueLayout.JAVA_LONG, MSG_CONTROLLEN);
        for (long at = 0; at + CMSG_DATA <= end; ) {
            long length = control.get(ValueLayout.JAVA_LONG, at);
            if (length < CMSG_DATA || length > end - at) {
                return;
            }
            boolean rights = control.get(ValueLayout.JAVA_INT, at + 8) == SOL_SOCKET
                    && control.get(ValueLayout.JAVA_INT, at + 12) == SCM_RIGHTS;
            for (long data = CMSG_DATA; rights && data + Integer.BYTES <= length; data += Integer.BYTES) {
                received.add(new Fd(control.get(ValueLayout.JAVA_INT, at + data)));
            }
            at += align8((int) length);
        }
    }

    /**
     * Sends bytes, and descriptors with the first of them.
     *
     * @param data native memory, not empty; may be sent in part
     * @param fds borrowed; the other side receives duplicates
     * @return the number of bytes sent, or {@link #WOULD_BLOCK}; the descriptors went along unless it would block
     */
    public int send(MemorySegment data, List<Fd> fds) throws LinuxException {
        int controlBytes = fds.isEmpty() ? 0 : CMSG_DATA + fds.size() * Integer.BYTES;
        prepare(data, controlBytes == 0 ? 0 : align8(controlBytes));
        if (controlBytes != 0) {
            control.set(ValueLayout.JAVA_LONG, 0, controlBytes);
            control.set(ValueLayout.JAVA_INT, 8, SOL_SOCKET);
            control.set(ValueLayout.JAVA_INT, 12, SCM_RIGHTS);
            for (int i = 0; i < fds.size(); i++) {
                control.set(
                        ValueLayout.JAVA_INT,
                        CMSG_DATA + (long) i * Integer.BYTES,
                        fds.get(i).value());
            }
        }
        long count;
        do {
            count = Libc.sendmsg(fd.value(), header.address(), MSG_NOSIGNAL);
        } while (count < 0 && Native.getLastError() == Errno.EINTR);
        if (count < 0) {
            if (Native.getLastError() == Errno.EAGAIN) {
                return WOULD_BLOCK;
            }
            throw LinuxException.last("sendmsg");
        }
        return (int) count;
    }

    private void prepare(MemorySegment data, int controlBytes) {
        header.set(ValueLayout.JAVA_LONG, IOV_BASE, data.address());
        header.set(ValueLayout.JAVA_LONG, IOV_LEN, data.byteSize());
        header.set(ValueLayout.JAVA_LONG, MSG_CONTROL, controlBytes == 0 ? 0 : control.address());
        header.set(ValueLayout.JAVA_LONG, MSG_CONTROLLEN, controlBytes);
        header.set(ValueLayout.JAVA_INT, MSG_FLAGS, 0);
    }

    private static int align8(int value) {
        return (value + 7) & ~7;
    }

    /**
     * Waits, for those who may.
     *
     * @param readable until something has come, or until there is room to send
     * @return whether that is so
     */
    public boolean await(boolean readable, int millis) throws LinuxException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment pollfd = arena.allocate(8, 4);
            pollfd.set(ValueLayout.JAVA_INT, 0, fd.value());
            pollfd.set(ValueLayout.JAVA_SHORT, 4, readable ? POLLIN : POLLOUT);
            int count = Libc.poll(pollfd.address(), 1, millis);
            if (count < 0 && Native.getLastError() != Errno.EINTR) {
                throw LinuxException.last("poll");
            }
            return count > 0;
        }
    }

    @Override
    public void close() {
        fd.close();
    }
}
