package dev.ringside.linux;

import com.sun.jna.Native;

/** System calls that only tests make. */
final class TestLibc {
    static {
        Native.register(TestLibc.class, "c");
    }

    private TestLibc() {}

    static native int pipe2(long fds, int flags);

    static native int memfd_create(String name, int flags);

    static native int getrlimit(int resource, long limits);

    static native int setrlimit(int resource, long limits);
}
