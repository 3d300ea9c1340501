package dev.ringside.app;

import dev.ringside.channel.BlockingMessages;
import dev.ringside.channel.Frame;
import dev.ringside.channel.ListeningSocket;
import dev.ringside.channel.SocketServer;
import dev.ringside.device.Feature;
import dev.ringside.fault.MessageFault;
import dev.ringside.linux.Fd;
import dev.ringside.linux.UnixSocket;
import dev.ringside.vhostuser.Rehearsal;
import dev.ringside.vhostuser.VhostUserServer;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A program goes on in a new process, perhaps of a newer version, while its front-ends stay connected.
 *
 * <pre>
 *   old process (SIGUSR2)                               new process (--takeover)
 *   starts it with its own command line      -->        makes itself ready: JVM, options, loops
 *                                            <-- READY
 *   for each device:
 *     no more messages, queues drained
 *     DEVICE, with listening socket and connection -->  makes the device, has a silent session
 *     what the front-end has said, again     -->        handles it as if the front-end had
 *     BEGIN                                  -->        queues run already; messages are read again
 *                                            <-- DONE
 *   ends
 * </pre>
 *
 * <p>What is said in between is vhost-user itself, with its descriptors. A device pauses from the moment that its queues
 * are drained until the new process has handled the messages that start them. If the new process fails, the old one goes
 * on, unless it has had to give a device up for the new one.
 */
final class Handover {
    private static final Logger LOG = LoggerFactory.getLogger(Handover.class);

    /** Numbers that vhost-user does not use. */
    private static final int READY = 0x5201;

    private static final int DEVICE = 0x5202;
    private static final int BEGIN = 0x5203;
    private static final int DONE = 0x5204;

    /** Bits of a DEVICE: which descriptors come along, in this order. */
    private static final int LISTENING = 1;

    private static final int CONNECTION = 2;

    private static final int START_MILLIS = 30_000;
    private static final int STEP_MILLIS = 10_000;

    private Handover() {}

    // ------------------------------------------------------------------------------------------------ the old process

    /**
     * Hands all devices over to a process that is started for it.
     *
     * @param loops where the devices run
     * @return whether that has been done: this process has nothing left to do but to end
     * @throws IOException if a device is lost on the way
     */
    static boolean toNewProcess(List<DeviceOptions> devices, List<SocketServer> servers, Loops loops)
            throws IOException {
        Path directory = null;
        Process successor = null;
        int handedOver = 0;
        try {
            directory = Files.createTempDirectory("ringside");
            Path meeting = directory.resolve("takeover");
            try (UnixSocket socket = ListeningSocket.open(meeting)) {
                successor = new ProcessBuilder(commandLine(meeting)).inheritIO().start();
                rehearse(devices.getFirst().createRehearsal(loops));
                try (BlockingMessages messages = accept(socket, successor)) {
                    expect(messages, READY, START_MILLIS);
                    for (; handedOver < servers.size(); handedOver++) {
                        handOver(handedOver, devices.get(handedOver), servers.get(handedOver), messages);
                    }
                }
            }
            LOG.info("process {} goes on", successor.pid());
            return true;
        } catch (DeviceLost e) {
            end(successor);
            throw e;
        } catch (IOException | MessageFault e) {
            LOG.warn("not handed over, going on: {}", e.getMessage());
            end(successor);
            servers.subList(0, handedOver).forEach(SocketServer::restart);
            servers.subList(handedOver, servers.size()).forEach(SocketServer::resume);
            return false;
        } finally {
            remove(directory);
        }
    }

    /** A device that its old process has given up, and its new one has not got. */
    private static final class DeviceLost extends IOException {
        private static final long serialVersionUID = 1L;

        DeviceLost(SocketServer server, Exception cause) {
            super(server + " is lost on the way to a new process: " + cause.getMessage(), cause);
        }
    }

    /** Kills a process, and waits until the kernel has given up what it held. */
    private static void end(@Nullable Process process) {
        if (process != null) {
            process.destroyForcibly().onExit().join();
        }
    }

    private static List<String> commandLine(Path meeting) throws IOException {
        String[] words = Files.readString(Path.of("/proc/self/cmdline"), StandardCharsets.UTF_8)
                .split("\0", -1);
        List<String> command = new ArrayList<>(Arrays.asList(words).subList(0, words.length - 1));
        command.removeIf(word -> word.startsWith(BackendCommand.TAKEOVER + "="));
        command.add(BackendCommand.TAKEOVER + "=" + meeting);
        return command;
    }

    private static BlockingMessages accept(UnixSocket socket, Process successor) throws IOException {
        long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(START_MILLIS);
        while (successor.isAlive() && System.nanoTime() < deadline) {
            if (socket.await(true, 100)) {
                UnixSocket connection = socket.accept();
                if (connection != null) {
                    return new BlockingMessages(connection, VhostUserServer.framing());
                }
            }
        }
        throw new IOException("the new process does not start");
    }

    private static void handOver(int index, DeviceOptions device, SocketServer server, BlockingMessages messages)
            throws IOException, MessageFault {
        long began = System.nanoTime();
        SocketServer.Suspended suspended = join(server.suspend());
        long atRest = System.nanoTime();
        boolean released = false;
        try {
            released = device.releaseForAnother();
            List<Fd> fds = new ArrayList<>();
            int which = 0;
            if (suspended.listening() != null) {
                fds.add(suspended.listening());
                which |= LISTENING;
            }
            if (suspended.connection() != null) {
                fds.add(suspended.connection());
                which |= CONNECTION;
            }
            messages.send(VhostUserServer.message(DEVICE, index | which << 16, fds), STEP_MILLIS);
            for (Frame frame : suspended.state()) {
                messages.send(frame, STEP_MILLIS);
            }
            messages.send(VhostUserServer.message(BEGIN, 0, List.of()), STEP_MILLIS);
            expect(messages, DONE, STEP_MILLIS);
            server.leave();
            LOG.info(
                    "{}: handed over in {} ms, {} of them to come to rest",
                    server,
                    TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - began),
                    TimeUnit.NANOSECONDS.toMillis(atRest - began));
        } catch (IOException | MessageFault e) {
            if (released) {
                throw new DeviceLost(server, e);
            }
            throw e;
        } finally {
            suspended.close();
        }
    }

    private static void expect(BlockingMessages messages, int request, int millis) throws IOException, MessageFault {
        Frame frame = messages.receive(millis);
        try {
            if (VhostUserServer.request(frame) != request) {
                throw new IOException("the new process says something else than expected");
            }
        } finally {
            frame.release();
        }
    }

    private static <T> T join(Future<T> future) throws IOException {
        try {
            return future.get(STEP_MILLIS, TimeUnit.MILLISECONDS);
        } catch (ExecutionException e) {
            throw new IOException(String.valueOf(e.getCause()), e);
        } catch (TimeoutException e) {
            throw new IOException("not done within " + STEP_MILLIS + " ms", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        }
    }

    private static void remove(@Nullable Path directory) {
        try {
            if (directory != null) {
                Files.deleteIfExists(directory.resolve("takeover"));
                Files.deleteIfExists(directory);
            }
        } catch (IOException e) {
            LOG.warn("{} stays behind", directory);
        }
    }

    // ------------------------------------------------------------------------------------------------ the new process

    /**
     * Takes all devices over from the process that has started this one.
     *
     * @param servers of the devices, made here
     */
    static void fromOldProcess(Path meeting, List<DeviceOptions> devices, List<SocketServer> servers, Loops loops)
            throws IOException {
        List<@Nullable SocketServer> ready = new ArrayList<>();
        for (DeviceOptions device : devices) {
            // What can be opened beside the old process is, so that the pause is shorter.
            ready.add(device.createServerBesideAnother(loops));
        }
        rehearse(devices.getFirst().createRehearsal(loops));
        try (BlockingMessages messages = new BlockingMessages(UnixSocket.connect(meeting), VhostUserServer.framing())) {
            messages.send(VhostUserServer.message(READY, 0, List.of()), STEP_MILLIS);
            while (servers.size() < devices.size()) {
                int index = servers.size();
                takeOver(index, devices.get(index), ready.get(index), servers, loops, messages);
            }
        } catch (MessageFault e) {
            throw new IOException("takeover: " + e.getMessage(), e);
        }
    }

    private static void rehearse(@Nullable SocketServer server) throws IOException {
        if (server != null) {
            try {
                Rehearsal.run(server, Feature.VERSION_1 | Feature.RING_EVENT_IDX);
            } catch (MessageFault | CompletionException e) {
                LOG.warn("the rehearsal failed, {}", e.toString());
            }
        }
    }

    private static void takeOver(
            int index,
            DeviceOptions device,
            @Nullable SocketServer made,
            List<SocketServer> servers,
            Loops loops,
            BlockingMessages messages)
            throws IOException, MessageFault {
        Frame first = messages.receive(STEP_MILLIS);
        try {
            int word = (int) VhostUserServer.value(first);
            if (VhostUserServer.request(first) != DEVICE || (word & 0xffff) != index) {
                throw new IOException("takeover: the old process speaks of another device");
            }
            SocketServer server = made == null ? device.createServer(loops) : made;
            servers.add(server);
            device.prepare(server);
            Fd listening = (word >> 16 & LISTENING) == 0
                    ? null
                    : first.take(first.fds().get(0));
            Fd connection = (word >> 16 & CONNECTION) == 0
                    ? null
                    : first.take(first.fds().get(0));
            CompletableFuture<Void> replayed = server.inherit(listening, connection);
            // Each follows the last on the server's loop: to wait for them here, one by one, would be a switch of
            // threads
            // and back for each, on a host that has other things to do. After a failure this process ends.
            while (true) {
                Frame frame = messages.receive(STEP_MILLIS);
                if (VhostUserServer.request(frame) == BEGIN) {
                    frame.release();
                    break;
                }
                replayed = replayed.thenCompose(done -> server.replay(frame));
            }
            join(replayed.thenCompose(done -> server.begin()));
            LOG.info("{}: taken over", server);
            messages.send(VhostUserServer.message(DONE, 0, List.of()), STEP_MILLIS);
        } finally {
            first.release();
        }
    }
}
