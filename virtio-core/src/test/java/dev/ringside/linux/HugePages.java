package dev.ringside.linux;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Memory in huge pages, where the host has set some aside (/proc/sys/vm/nr_hugepages). */
public final class HugePages {
    private static final int MFD_CLOEXEC = 1;
    private static final int MFD_HUGETLB = 4;

    private HugePages() {}

    /** Bytes of one. */
    public static long size() throws IOException {
        return memInfo("Hugepagesize:") * 1024;
    }

    /** How many nobody uses. */
    public static long free() throws IOException {
        return memInfo("HugePages_Free:");
    }

    private static long memInfo(String name) throws IOException {
        return Files.readAllLines(Path.of("/proc/meminfo")).stream()
                .filter(line -> line.startsWith(name))
                .map(line -> line.replaceAll("[^0-9]", ""))
                .mapToLong(Long::parseLong)
                .findFirst()
                .orElse(0);
    }

    /** A memfd of zeroes in so many huge pages. */
    public static Fd create(String name, int pages) throws IOException {
        int number = TestLibc.memfd_create(name, MFD_CLOEXEC | MFD_HUGETLB);
        if (number < 0) {
            throw LinuxException.last("memfd_create");
        }
        Fd fd = new Fd(number);
        HostFile.truncate(fd, pages * size());
        return fd;
    }
}
