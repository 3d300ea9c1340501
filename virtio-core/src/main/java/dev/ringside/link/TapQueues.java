package dev.ringside.link;

import dev.ringside.linux.Errno;
import dev.ringside.linux.Fd;
import dev.ringside.linux.LinuxException;
import dev.ringside.linux.Tap;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Opens as many queues of a TAP as a NIC has pairs, and says in one line why it could not. */
final class TapQueues {
    private TapQueues() {}

    /** Joins an interface, or makes it and sets it up. */
    static List<Tap> open(String name, int pairs) throws IOException {
        if (name.isEmpty() || name.getBytes(StandardCharsets.UTF_8).length > Tap.MAX_NAME_BYTES) {
            throw new IOException(
                    "tap:" + name + ": the name of an interface has 1 to " + Tap.MAX_NAME_BYTES + " bytes");
        }
        boolean exists = Files.exists(Path.of("/sys/class/net", name));
        List<Tap> queues = new ArrayList<>();
        try {
            queues.add(openFirst(name, pairs > 1));
            for (int i = 1; i < pairs; i++) {
                queues.add(Tap.open(name, true, NetHeader.BYTES));
            }
            if (!exists) {
                queues.get(0).up();
            }
            return queues;
        } catch (LinuxException e) {
            queues.forEach(Tap::close);
            throw new IOException("tap:" + name + ": " + explain(e, pairs), e);
        }
    }

    /** An interface keeps the kind that it was made with. One queue of a multi-queue interface will do. */
    private static Tap openFirst(String name, boolean multiQueue) throws LinuxException {
        try {
            return Tap.open(name, multiQueue, NetHeader.BYTES);
        } catch (LinuxException e) {
            if (multiQueue || e.errno() != Errno.EINVAL) {
                throw e;
            }
            return Tap.open(name, true, NetHeader.BYTES);
        }
    }

    private static String explain(LinuxException e, int pairs) {
        return switch (e.errno()) {
            case Errno.EACCES -> e.getMessage() + " (is this user allowed to use TAPs?)";
            case Errno.EPERM ->
                e.getMessage() + " (make it beforehand: ip tuntap add NAME mode tap user $(id -un) vnet_hdr)";
            case Errno.EBUSY -> e.getMessage() + " (another process uses it)";
            case Errno.EINVAL ->
                e.getMessage()
                        + (pairs > 1 ? " (was it made without multi_queue?)" : " (is it a TAP, made with vnet_hdr?)");
            default -> String.valueOf(e.getMessage());
        };
    }

    /**
     * Takes over queues that another process has opened.
     *
     * @param link for messages
     * @param fds taken over
     */
    static List<Tap> adopt(String link, List<Fd> fds, int pairs) throws IOException {
        List<Tap> queues = new ArrayList<>();
        try {
            if (fds.size() != pairs) {
                throw new IOException(
                        link + ": each file descriptor is one queue pair, and " + fds.size() + " are not " + pairs);
            }
            for (Fd fd : fds) {
                queues.add(Tap.adopt(fd, NetHeader.BYTES));
            }
            return queues;
        } catch (LinuxException e) {
            fds.forEach(Fd::close);
            throw new IOException(link + ": " + e.getMessage(), e);
        } catch (IOException e) {
            fds.forEach(Fd::close);
            throw e;
        }
    }
}
