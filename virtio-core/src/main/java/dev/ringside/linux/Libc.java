package dev.ringside.linux;

import com.sun.jna.Native;

/**
 * The C library's functions as they are, for the classes of this package. Pointers are plain {@code long} addresses,
 * so that a {@link java.lang.foreign.MemorySegment} can be passed; {@code size_t}, {@code ssize_t} and {@code off_t}
 * are 64-bit on every platform that this runs on.
 */
final class Libc {
    static {
        Native.register(Libc.class, "c");
    }

    private Libc() {}

    static native int open(String path, int flags, int mode);

    static native int close(int fd);

    static native int dup3(int oldFd, int newFd, int flags);

    static native int fcntl(int fd, int command, long argument);

    static native int ioctl(int fd, long request, long argument);

    static native int flock(int fd, int operation);

    static native long lseek(int fd, long offset, int whence);

    static native int ftruncate(int fd, long length);

    static native long preadv(int fd, long iovec, int count, long offset);

    static native long preadv2(int fd, long iovec, int count, long offset, int flags);

    static native long pwritev2(int fd, long iovec, int count, long offset, int flags);

    static native int fallocate(int fd, int mode, long offset, long length);

    static native int statx(int directory, String path, int flags, int mask, long result);

    static native int fdatasync(int fd);

    static native int fstatfs(int fd, long result);

    static native int fchmod(int fd, int mode);

    static native int memfd_create(String name, int flags);

    static native int eventfd(int initial, int flags);

    static native long read(int fd, long buffer, long count);

    static native long write(int fd, long buffer, long count);

    static native int poll(long pollfds, long count, int timeoutMillis);

    static native long mmap(long address, long length, int protection, int flags, int fd, long offset);

    static native int munmap(long address, long length);

    static native int socket(int domain, int type, int protocol);

    static native int socketpair(int domain, int type, int protocol, long fds);

    static native int bind(int fd, long address, int length);

    static native int listen(int fd, int backlog);

    static native int accept4(int fd, long address, long length, int flags);

    static native int connect(int fd, long address, int length);

    static native long sendmsg(int fd, long message, int flags);

    static native long recvmsg(int fd, long message, int flags);

    static native int getsockname(int fd, long address, long length);

    static native int getpeername(int fd, long address, long length);

    static native int getsockopt(int fd, int level, int option, long value, long length);

    static native String strerror(int errno);
}
