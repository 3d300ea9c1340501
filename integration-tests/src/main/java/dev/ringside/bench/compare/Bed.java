package dev.ringside.bench.compare;

import dev.ringside.bench.BenchException;
import dev.ringside.bench.guest.BenchGuest;
import dev.ringside.bench.guest.Network;
import dev.ringside.bench.host.Child;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A mode that has been brought up: its back-ends, its guests, and what they stand on. All of it ends with it. */
final class Bed implements AutoCloseable {
    /** Something that is undone at the end. */
    @FunctionalInterface
    interface Undoing {
        void undo() throws BenchException, InterruptedException;
    }

    private final Mode mode;
    private final List<Child> backends = new ArrayList<>();
    private final List<BenchGuest> guests = new ArrayList<>();
    private final List<String> commandLines = new ArrayList<>();
    private final Deque<Undoing> undoings = new ArrayDeque<>();
    private @Nullable Network network;
    private int metricsPort;

    Bed(Mode mode) {
        this.mode = mode;
    }

    Mode mode() {
        return mode;
    }

    List<Child> backends() {
        return backends;
    }

    List<BenchGuest> guests() {
        return guests;
    }

    /** How all of it was started, but for the surroundings. */
    List<String> commandLines() {
        return commandLines;
    }

    /** Where the guests' packets go; null for a disk. */
    @Nullable
    Network network() {
        return network;
    }

    /** Of {@code --metrics}; 0 if nobody serves them. */
    int metricsPort() {
        return metricsPort;
    }

    void stand(Network made) {
        network = made;
        undoings.push(made::close);
    }

    void add(Child backend, List<String> commandLine) {
        backends.add(backend);
        commandLines.add(String.join(" ", commandLine));
        undoings.push(backend::close);
    }

    void add(BenchGuest guest) {
        guests.add(guest);
        commandLines.add(String.join(" ", guest.commandLine()));
        undoings.push(guest::close);
    }

    void serveMetrics(int port) {
        metricsPort = port;
    }

    void atEnd(Undoing undoing) {
        undoings.push(undoing);
    }

    /** Something that ends in the middle of a run makes its figures worthless. */
    void checkAlive() throws BenchException, InterruptedException {
        for (Child backend : backends) {
            if (!backend.isAlive()) {
                throw backend.failure("has ended while the guest was using it");
            }
        }
    }

    /** The last first, and each even if another fails. */
    @Override
    public void close() throws BenchException {
        BenchException first = null;
        while (!undoings.isEmpty()) {
            try {
                undoings.pop().undo();
            } catch (BenchException e) {
                first = first == null ? e : first;
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
        if (first != null) {
            throw first;
        }
    }
}
