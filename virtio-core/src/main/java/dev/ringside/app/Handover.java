package dev.ringside.app;

import dev.ringside.channel.BlockingMessages;
import dev.ringside.channel.Frame;
import dev.ringside.channel.ListeningSocket;
import dev.ringside.channel.SocketServer;
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
 *     no more messages; queues run
 *     DEVICE, with listening socket, connection,
 *       and what the device is opened with   -->        makes the device, has a silent session
 *     what the front-end has said, again     -->        handles it as if the front-end had; no queue runs
 *     PREPARE                                -->
 *                                            <-- PREPARED
 *     queues drained
 *     where they have come to                -->
 *     BEGIN                                  -->        queues run, messages are read again
 *                                            <-- DONE
 *   ends
 * </pre>
 *
 * <p>What is said in between is vhost-user itself, with its descriptors. A device pauses while its queues drain, two or
 * three messages for each of them are handled, and they start: all that takes longer is done before. If the new process
 * fails before BEGIN the old one goes on, unless it has had to give the device up for the new one. After that only the new
 * one knows where the queues are; if it fails then, the front-end has to connect anew, as to any backend that has died.
 */
final class Handover {
    private static final Logger LOG = LoggerFactory.getLogger(Handover.class);

    /** Numbers that vhost-user does not use. */
    private static final int READY = 0x5201;

    private static final int DEVICE = 0x5202;
    private static final int BEGIN = 0x5203;
    private static final int DONE = 0x5204;
    private static final int PREPARE = 0x5205;
    private static final int PREPARED = 0x5206;

    /** Bits of a DEVICE: which descriptors come along, in this order, and before those of {@link #SHARED}. */
    private static final int LISTENING = 1;

    private static final int CONNECTION = 2;
    /** The old process still has the device open. */
    private static final int SHARED = 4;

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
                    while (handedOver < servers.size()) {
                        DeviceOptions device = devices.get(handedOver);
                        SocketServer server = servers.get(handedOver);
                        Progress progress = prepare(handedOver, device, server, messages);
                        handedOver++;
                        begin(server, progress, messages);
                    }
                }
            }
            servers.forEach(SocketServer::leave);
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

    /** Has the new process make itself ready for a device, and the device come to rest. */
    private static Progress prepare(int index, DeviceOptions device, SocketServer server, BlockingMessages messages)
            throws IOException, MessageFault {
        List<Fd> shared = device.shareWithAnother();
        try (SocketServer.Description description = join(server.describe())) {
            if (shared == null) {
                Progress progress = Progress.of(server, true);
                device.release();
                try {
                    describe(index, description, null, messages);
                } catch (IOException | MessageFault e) {
                    throw new DeviceLost(server, e);
                }
                return progress;
            }
            describe(index, description, shared, messages);
            return Progress.of(server, false);
        } finally {
            if (shared != null) {
                shared.forEach(Fd::close);
            }
        }
    }

    /**
     * A device at rest.
     *
     * @param words what the new process has to be told
     * @param released whether this process has given the device up
     * @param began when it began to come to rest, by {@link System#nanoTime}
     * @param atRest when it had
     */
    private record Progress(List<Frame> words, boolean released, long began, long atRest) {
        static Progress of(SocketServer server, boolean released) throws IOException {
            long began = System.nanoTime();
            List<Frame> words = join(server.suspend());
            return new Progress(words, released, began, System.nanoTime());
        }
    }

    private static void describe(
            int index, SocketServer.Description description, @Nullable List<Fd> shared, BlockingMessages messages)
            throws IOException, MessageFault {
        List<Fd> fds = new ArrayList<>();
        int which = 0;
        if (description.listening() != null) {
            fds.add(description.listening());
            which |= LISTENING;
        }
        if (description.connection() != null) {
            fds.add(description.connection());
            which |= CONNECTION;
        }
        if (shared != null) {
            fds.addAll(shared);
            which |= SHARED;
        }
        messages.send(VhostUserServer.message(DEVICE, index | which << 16, fds), STEP_MILLIS);
        for (Frame frame : description.state()) {
            messages.send(frame, STEP_MILLIS);
        }
        messages.send(VhostUserServer.message(PREPARE, 0, List.of()), STEP_MILLIS);
        expect(messages, PREPARED, STEP_MILLIS);
    }

    private static void begin(SocketServer server, Progress progress, BlockingMessages messages)
            throws IOException, MessageFault {
        try {
            for (Frame frame : progress.words()) {
                messages.send(frame, STEP_MILLIS);
            }
            messages.send(VhostUserServer.message(BEGIN, 0, List.of()), STEP_MILLIS);
            expect(messages, DONE, STEP_MILLIS);
        } catch (IOException | MessageFault e) {
            if (progress.released()) {
                throw new DeviceLost(server, e);
            }
            throw e;
        }
        LOG.info(
                "{}: handed over in {} ms, {} of them to come to rest",
                server,
                TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - progress.began()),
                TimeUnit.NANOSECONDS.toMillis(progress.atRest() - progress.began()));
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
        rehearse(devices.getFirst().createRehearsal(loops));
        boolean done = false;
        try (BlockingMessages messages = new BlockingMessages(UnixSocket.connect(meeting), VhostUserServer.framing())) {
            messages.send(VhostUserServer.message(READY, 0, List.of()), STEP_MILLIS);
            while (servers.size() < devices.size()) {
                int index = servers.size();
                takeOver(index, devices.get(index), servers, loops, messages);
            }
            done = true;
        } catch (MessageFault e) {
            throw new IOException("takeover: " + e.getMessage(), e);
        } finally {
            if (!done) {
                // The old process serves there again.
                servers.forEach(SocketServer::leave);
            }
        }
    }

    private static void rehearse(@Nullable Rehearsal rehearsal) {
        if (rehearsal != null) {
            try {
                rehearsal.run();
            } catch (IOException | MessageFault | CompletionException e) {
                LOG.warn("the rehearsal failed, {}", e.toString());
            }
        }
    }

    private static void takeOver(
            int index, DeviceOptions device, List<SocketServer> servers, Loops loops, BlockingMessages messages)
            throws IOException, MessageFault {
        Frame first = messages.receive(STEP_MILLIS);
        try {
            int word = (int) VhostUserServer.value(first);
            if (VhostUserServer.request(first) != DEVICE || (word & 0xffff) != index) {
                throw new IOException("takeover: the old process speaks of another device");
            }
            int which = word >> 16;
            Fd listening = (which & LISTENING) == 0 ? null : takeFirst(first);
            Fd connection = (which & CONNECTION) == 0 ? null : takeFirst(first);
            SocketServer server = (which & SHARED) == 0
                    ? device.createServer(loops)
                    : device.createServerBesideAnother(loops, takeAll(first));
            servers.add(server);
            device.prepare(server);
            join(server.inherit(listening, connection));
            join(replayUntil(PREPARE, server, messages));
            messages.send(VhostUserServer.message(PREPARED, 0, List.of()), STEP_MILLIS);
            join(replayUntil(BEGIN, server, messages).thenCompose(done -> server.begin()));
            messages.send(VhostUserServer.message(DONE, 0, List.of()), STEP_MILLIS);
            LOG.info("{}: taken over", server);
        } finally {
            first.release();
        }
    }

    private static Fd takeFirst(Frame frame) throws IOException {
        if (frame.fds().isEmpty()) {
            throw new IOException("takeover: a descriptor is missing");
        }
        return frame.take(frame.fds().getFirst());
    }

    private static List<Fd> takeAll(Frame frame) {
        List<Fd> all = List.copyOf(frame.fds());
        all.forEach(frame::take);
        return all;
    }

    /**
     * Has all messages handled that come before one. Each follows the last on the server's loop: to wait for them here, one
     * by one, would be a switch of threads and back for each, on a host that has other things to do. After a failure this
     * process ends.
     */
    private static CompletableFuture<Void> replayUntil(int end, SocketServer server, BlockingMessages messages)
            throws IOException, MessageFault {
        CompletableFuture<Void> replayed = CompletableFuture.completedFuture(null);
        while (true) {
            Frame frame = messages.receive(STEP_MILLIS);
            if (VhostUserServer.request(frame) == end) {
                frame.release();
                return replayed;
            }
            replayed = replayed.thenCompose(done -> server.replay(frame));
        }
    }
}
