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
import java.util.ArrayList;
import java.util.List;

/**
 * A session with nobody, taken over and given up once before a real one is: a JVM loads and links what it has not needed
 * before, and that takes longer than the work itself, for which a guest has to wait.
 */
public final class Rehearsal {
    private static final int MEMORY_BYTES = 1 << 16;
    private static final int QUEUE_SIZE = 8;
    private static final int VRINGS = 2;
    private static final int RINGS_BYTES = 0x3000;
    private static final int MILLIS = 10_000;

    private Rehearsal() {}

    /**
     * Goes through a session.
     *
     * @param server of a device with two queues that nobody uses, without a socket; closed
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
            try (SocketServer.Suspended suspended = server.suspend().join()) {
                suspended.state().forEach(Frame::release);
            }
            server.resume();
            server.close().join();
        } finally {
            nobody[0].close();
        }
    }

    private static List<Frame> script(long features, Fd memory, Fd kick, Fd call) {
        List<Frame> words = new ArrayList<>(List.of(
                Words.empty(RequestType.SET_OWNER),
                Words.u64(RequestType.SET_PROTOCOL_FEATURES, ProtocolFeature.OFFERED),
                Words.u64(RequestType.SET_FEATURES, features | ProtocolFeature.VHOST_USER_F_PROTOCOL_FEATURES),
                Words.addMemReg(new Message.Region(0, MEMORY_BYTES, 0, 0, memory))));
        for (int i = 0; i < VRINGS; i++) {
            long rings = (long) i * RINGS_BYTES;
            words.add(Words.vringState(RequestType.SET_VRING_NUM, i, QUEUE_SIZE));
            words.add(Words.vringAddr(i, new VringAddress(rings, rings + 0x1000, rings + 0x2000), false, 0));
            words.add(Words.vringFd(RequestType.SET_VRING_CALL, i, call));
            words.add(Words.vringFd(RequestType.SET_VRING_ERR, i, call));
            words.add(Words.vringState(RequestType.SET_VRING_ENABLE, i, 1));
            words.add(Words.vringFd(RequestType.SET_VRING_KICK, i, kick));
        }
        return words;
    }
}
