package dev.ringside.vhostuser;

import dev.ringside.channel.BlockingMessages;
import dev.ringside.channel.Frame;
import dev.ringside.channel.SocketServer;
import dev.ringside.fault.MessageFault;
import dev.ringside.linux.EventFd;
import dev.ringside.linux.Fd;
import dev.ringside.linux.MemFd;
import dev.ringside.linux.UnixSocket;
import dev.ringside.queue.VringAddress;
import java.io.IOException;
import java.util.List;

/**
 * A session with nobody, taken over once before a real one is: a JVM loads and links what it has not needed before, and
 * that takes longer than the work itself, for which a guest has to wait.
 */
public final class Rehearsal {
    private static final int MEMORY_BYTES = 1 << 16;
    private static final int QUEUE_SIZE = 8;
    private static final int MILLIS = 10_000;

    private Rehearsal() {}

    /**
     * Goes through a session.
     *
     * @param server of a device that nobody uses, without a socket; closed
     * @param features of the device to take
     */
    public static void run(SocketServer server, long features) throws IOException, MessageFault {
        UnixSocket[] nobody = UnixSocket.pair();
        UnixSocket[] words = UnixSocket.pair();
        try (BlockingMessages here = new BlockingMessages(words[0], new VhostUserFraming());
                BlockingMessages there = new BlockingMessages(words[1], new VhostUserFraming());
                Fd memory = MemFd.create("ringside-rehearsal", MEMORY_BYTES);
                Fd kick = EventFd.create();
                Fd call = EventFd.create()) {
            server.inherit(null, nobody[1].fd()).join();
            for (Frame frame : script(features, memory, kick, call)) {
                here.send(frame, MILLIS);
                server.replay(there.receive(MILLIS)).join();
            }
            EventFd.signal(kick);
            server.begin().join();
            server.close().join();
        } finally {
            nobody[0].close();
        }
    }

    private static List<Frame> script(long features, Fd memory, Fd kick, Fd call) {
        return List.of(
                Words.empty(RequestType.SET_OWNER),
                Words.u64(RequestType.SET_PROTOCOL_FEATURES, ProtocolFeature.OFFERED),
                Words.u64(RequestType.SET_FEATURES, features | ProtocolFeature.VHOST_USER_F_PROTOCOL_FEATURES),
                Words.addMemReg(new Message.Region(0, MEMORY_BYTES, 0, 0, memory)),
                Words.vringState(RequestType.SET_VRING_NUM, 0, QUEUE_SIZE),
                Words.vringAddr(0, new VringAddress(0, 0x1000, 0x2000), false, 0),
                Words.vringFd(RequestType.SET_VRING_CALL, 0, call),
                Words.vringFd(RequestType.SET_VRING_ERR, 0, call),
                Words.vringState(RequestType.SET_VRING_ENABLE, 0, 1),
                Words.vringFd(RequestType.SET_VRING_KICK, 0, kick));
    }
}
