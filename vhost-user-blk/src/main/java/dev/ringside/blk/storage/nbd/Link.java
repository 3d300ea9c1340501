package dev.ringside.blk.storage.nbd;

import dev.ringside.linux.Errno;
import dev.ringside.loop.DeviceLoop;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.lang.foreign.MemorySegment;
import java.net.SocketAddress;
import java.util.ArrayDeque;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Requests on their way to the server, over one connection after another. Owned by one loop.
 *
 * <p>A link is up or down as {@link NbdStorage} says, and may be asked for work in either state. While it is up it
 * connects as soon as there is work. When its connection dies it takes back every command that was not answered,
 * reports, and sends them again when it is up again. Where the server does not want several connections, links leave
 * their work to the common one.
 */
final class Link implements Connection.Owner {
    private final DeviceLoop loop;
    private final NbdStorage storage;
    private final Unflushed unflushed;

    private final ArrayDeque<Command> resend = new ArrayDeque<>();
    private final ArrayDeque<NbdRequest> waiting = new ArrayDeque<>();
    /** Writes for which there is no room among the unflushed ones. */
    private final ArrayDeque<NbdRequest> held = new ArrayDeque<>();

    private final ArrayDeque<Command> idle = new ArrayDeque<>();
    private final Runnable roomForWrites = this::roomForWrites;

    /** Of this state of being up; {@code null} while down. */
    private @Nullable Up up;
    /** {@code null} while there is none, or work is left to another link. */
    private @Nullable Connection connection;

    private boolean ready;
    private boolean pumping;
    private boolean failing;
    private boolean closed;

    /**
     * What a link must know to be up.
     *
     * @param generation told back when a connection is lost
     * @param export as the server described it when it was found
     * @param address of the server
     * @param common the link that does the work of all, or {@code null} if each does its own
     */
    record Up(
            int generation,
            Export export,
            SocketAddress address,
            @Nullable Link common) {}

    Link(DeviceLoop loop, NbdStorage storage, Unflushed unflushed) {
        this.loop = loop;
        this.storage = storage;
        this.unflushed = unflushed;
    }

    DeviceLoop loop() {
        return loop;
    }

    /** Takes a request. */
    void submit(NbdRequest request) {
        Link common = common();
        if (common != null) {
            common.handOver(() -> common.submit(request));
        } else if (failing) {
            request.fail(Errno.EIO);
            request.complete();
        } else {
            list(request);
            pump();
        }
    }

    private @Nullable Link common() {
        Link common = up == null ? null : up.common();
        return common == this ? null : common;
    }

    private void handOver(Runnable task) {
        if (loop.inLoop()) {
            task.run();
        } else {
            loop.execute(task);
        }
    }

    private void list(NbdRequest request) {
        request.listed = true;
        waiting.addLast(request);
    }

    /** The server is there. */
    void up(Up now) {
        if (closed) {
            return;
        }
        up = now;
        failing = false;
        Link common = common();
        if (common != null) {
            List<Command> commands = List.copyOf(resend);
            List<NbdRequest> requests = List.copyOf(waiting);
            resend.clear();
            waiting.clear();
            common.handOver(() -> common.adopt(commands, requests));
        } else {
            pump();
        }
    }

    private void adopt(List<Command> commands, List<NbdRequest> requests) {
        resend.addAll(commands);
        waiting.addAll(requests);
        if (failing) {
            failAll();
        } else {
            pump();
        }
    }

    /** The server is gone: ends the connection, if there still is one. */
    void down() {
        Connection last = connection;
        if (last != null) {
            last.drop();
            takeBack(last);
        }
        up = null;
    }

    /** The server has been gone for too long: nobody waits any longer, until it is up again. */
    void fail() {
        if (up == null) {
            failing = true;
            failAll();
        }
    }

    private void failAll() {
        List<NbdRequest> requests = List.copyOf(waiting);
        List<Command> commands = List.copyOf(resend);
        waiting.clear();
        resend.clear();
        for (NbdRequest request : requests) {
            request.listed = false;
            request.fail(Errno.EIO);
            if (request.isOver()) {
                request.complete();
            }
        }
        for (Command command : commands) {
            command.fail(Errno.EIO);
            finish(command);
        }
    }

    /** Ends the use; no request is in flight. */
    void close() {
        closed = true;
        if (connection != null) {
            connection.end();
            takeBack(connection);
        }
        storage.detach(this);
    }

    private void pump() {
        if (pumping || closed || up == null || common() != null) {
            return;
        }
        Connection current = connection;
        if (current == null) {
            if (!waiting.isEmpty() || !resend.isEmpty()) {
                connection = Connection.open(loop, storage.uri(), up.address(), this);
            }
            return;
        }
        if (!ready) {
            return;
        }
        pumping = true;
        try {
            while (current.hasRoom() && sendNext(current, up.export())) {
                // Until there is no room or no work.
            }
        } finally {
            pumping = false;
        }
    }

    private boolean sendNext(Connection to, Export export) {
        Command again = resend.pollFirst();
        if (again != null) {
            sendAgain(to, again, export);
            return true;
        }
        NbdRequest request = waiting.peekFirst();
        if (request == null) {
            return false;
        }
        int obstacle = request.obstacle(export);
        if (obstacle != 0 || request.isVoid(export)) {
            request.fail(obstacle);
            unlist(request);
            if (request.isOver()) {
                over(request);
            }
            return true;
        }
        int cost = request.costOfNext(export);
        if (cost > 0 && !unflushed.reserve(cost, roomForWrites)) {
            waiting.removeFirst();
            held.addLast(request);
            flushIfFull(to);
            return true;
        }
        Command command = command();
        request.issue(command, export);
        command.reserved = cost;
        if (request.isIssued()) {
            unlist(request);
        }
        send(to, command);
        return true;
    }

    /** The server that has come back may offer less than the one that had gone. */
    private void sendAgain(Connection to, Command command, Export export) {
        int obstacle = command.obstacle(export);
        if (obstacle == 0) {
            send(to, command);
        } else {
            command.fail(obstacle);
            finish(command);
        }
    }

    /** From any thread. */
    private void roomForWrites() {
        loop.execute(this::releaseHeld);
    }

    private void releaseHeld() {
        waiting.addAll(held);
        held.clear();
        pump();
    }

    private void unlist(NbdRequest request) {
        if (request.listed) {
            request.listed = false;
            if (waiting.peekFirst() == request) {
                waiting.removeFirst();
            } else if (!waiting.remove(request)) {
                held.remove(request);
            }
        }
    }

    private Command command() {
        Command command = idle.pollFirst();
        return command == null ? new Command() : command;
    }

    private void send(Connection to, Command command) {
        if (command.type() == Nbd.CMD_FLUSH) {
            command.ticket = unflushed.ticket();
        }
        if (!to.send(command)) {
            finish(command);
        }
    }

    private void flushIfFull(Connection to) {
        if (unflushed.beginFlush()) {
            send(to, command().begin(Nbd.CMD_FLUSH, 0, 0, 0, null, 0, null));
        }
    }

    @Override
    public void ready(Connection from, Export export) {
        ready = true;
        pump();
    }

    @Override
    public void roomAgain() {
        pump();
    }

    @Override
    public void answered(Command command) {
        switch (command.type()) {
            case Nbd.CMD_FLUSH -> flushed(command);
            case Nbd.CMD_WRITE, Nbd.CMD_WRITE_ZEROES -> keep(command);
            default -> {}
        }
        finish(command);
        Connection current = connection;
        if (current != null && current.hasRoom()) {
            flushIfFull(current);
        }
        pump();
    }

    private void flushed(Command command) {
        boolean own = command.request() == null;
        if (command.errno() == 0) {
            unflushed.flushed(command.ticket);
            if (!own) {
                command.fail(unflushed.takeError());
            }
        } else if (own) {
            storage.warn("a flush has failed, " + Errno.describe(command.errno()));
            unflushed.flushFailed(command.ticket, command.errno());
        }
        if (own) {
            unflushed.endFlush();
        }
    }

    /** Keeps what a server crash could undo. Also durable writes, if they might be overwritten by older ones then. */
    private void keep(Command command) {
        if (command.errno() != 0
                || up == null
                || !up.export().has(Nbd.FLAG_SEND_FLUSH)
                || (command.isDurable() && unflushed.isEmpty())) {
            return;
        }
        ByteBuf data = null;
        if (command.outgoingBytes() > 0) {
            data = ByteBufAllocator.DEFAULT.directBuffer(command.bytes());
            if (!command.copyData(MemorySegment.ofBuffer(data.nioBuffer(0, command.bytes())), 0)) {
                data.release();
                return;
            }
            data.writerIndex(command.bytes());
        }
        unflushed.keep(command.type(), command.flags() & ~Nbd.CMD_FLAG_FUA, command.offset(), command.bytes(), data);
        command.reserved = 0;
    }

    /** A command is done with: answered, given up, or not even sent. */
    private void finish(Command command) {
        if (command.reserved > 0) {
            unflushed.release(command.reserved);
            command.reserved = 0;
        }
        NbdRequest request = command.request();
        if (request != null) {
            request.answered(command.errno());
            if (request.isOver()) {
                unlist(request);
                over(request);
            }
        }
        idle.addFirst(command);
    }

    private void over(NbdRequest request) {
        if (up != null && request.becomeFlush(up.export())) {
            list(request);
        } else {
            request.complete();
        }
    }

    @Override
    public void lost(Connection from, String reason) {
        if (from != connection) {
            return;
        }
        boolean refused = !ready && from.wasConnected();
        Up last = up;
        takeBack(from);
        up = null;
        if (last != null) {
            storage.lost(last.generation(), reason, refused);
        }
    }

    /** Takes back what a dead connection has not answered, to be sent again, except for what has waited too long. */
    private void takeBack(Connection dead) {
        connection = null;
        ready = false;
        for (Command command : dead.unanswered()) {
            if (command.request() == null) {
                unflushed.endFlush();
            } else {
                resend.addLast(command);
            }
        }
        waiting.addAll(held);
        held.clear();
        long now = System.nanoTime();
        for (Command command : List.copyOf(resend)) {
            NbdRequest request = command.request();
            if (request != null && isTooLate(request, now)) {
                resend.remove(command);
                command.fail(Errno.EIO);
                finish(command);
            }
        }
        for (NbdRequest request : List.copyOf(waiting)) {
            if (request.listed && isTooLate(request, now)) {
                unlist(request);
                request.fail(Errno.EIO);
                if (request.isOver()) {
                    request.complete();
                }
            }
        }
    }

    private boolean isTooLate(NbdRequest request, long now) {
        if (request.lostAt == 0) {
            request.lostAt = now | 1;
        }
        return now - request.lostAt > storage.patienceNanos();
    }
}
