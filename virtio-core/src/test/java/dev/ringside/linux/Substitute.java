package dev.ringside.linux;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** Exchanges the open file behind a descriptor's number, to see what its user does with a file that behaves badly. */
public final class Substitute {
    private static final Path FDS = Path.of("/proc/self/fd");

    private Substitute() {}

    /**
     * Puts a file in the place of another, wherever this process has that one open.
     *
     * @param file that was opened
     * @param by opened for reading and writing: {@code /dev/full}, say, which is full
     * @return how many descriptors refer to the other file now
     */
    public static int put(Path file, Path by) throws IOException {
        int count = 0;
        try (Fd substitute = HostFile.open(by, HostFile.O_RDWR)) {
            for (int fd : open(file)) {
                if (Libc.dup3(substitute.value(), fd, HostFile.O_CLOEXEC) < 0) {
                    throw LinuxException.last("dup3");
                }
                count++;
            }
        }
        return count;
    }

    private static List<Integer> open(Path file) throws IOException {
        List<Path> all;
        try (Stream<Path> fds = Files.list(FDS)) {
            all = fds.toList();
        }
        List<Integer> found = new ArrayList<>();
        for (Path fd : all) {
            try {
                if (Files.readSymbolicLink(fd).equals(file)) {
                    found.add(Integer.valueOf(fd.getFileName().toString()));
                }
            } catch (NoSuchFileException e) {
                // The descriptor of the listing itself.
            }
        }
        return found;
    }
}
