package dev.ringside.blk;

import static dev.ringside.blk.GuestDisk.BUFFERS;
import static dev.ringside.blk.GuestDisk.FLUSH;
import static dev.ringside.blk.GuestDisk.IN;
import static dev.ringside.blk.GuestDisk.OK;
import static dev.ringside.blk.GuestDisk.OUT;
import static dev.ringside.blk.GuestDisk.QUEUES;
import static dev.ringside.blk.GuestDisk.SECTOR;
import static dev.ringside.blk.GuestDisk.WRITE_ZEROES;
import static dev.ringside.blk.GuestDisk.header;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.ringside.blk.storage.FileStorage;
import dev.ringside.testing.ChainBuilder;
import dev.ringside.testing.FakeChain;
import dev.ringside.testing.FakeDriver.Used;
import dev.ringside.testing.FakeMemory;
import dev.ringside.testing.Payload;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Random reads, writes, zeroes and flushes on all queues at once, against an array of bytes. No two requests in flight
 * touch the same sector, so every answer is known.
 */
class RandomisedDiskTest extends OnDisk {
    private static final int REQUESTS = 3000;
    private static final int IN_FLIGHT = 48;
    private static final int MOST_SECTORS = 64;
    /** A header, the data, a status, and some room to shift them. */
    private static final int SLOT_BYTES = 2 * MOST_SECTORS * SECTOR;

    /** One request in flight. */
    private record Request(int slot, int type, int sector, int sectors, byte[] data, FakeChain chain, long status) {}

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3})
    void shouldHoldWhatWasWritten(int seed) {
        new Run(new Random(seed)).run();
    }

    @ParameterizedTest
    @ValueSource(ints = {4, 5})
    void shouldHoldWhatWasWrittenPastThePageCache(int seed) throws IOException {
        disk.close();
        try {
            disk = new GuestDisk(FileStorage.open(image, false, true), engine);
        } catch (IOException e) {
            disk = open();
            assumeTrue(!e.getMessage().contains("has no O_DIRECT"), e.getMessage());
            throw e;
        }
        new Run(new Random(seed)).run();
    }

    private final class Run {
        private final Random random;
        private final FakeMemory memory = disk.memory();
        private final Deque<Integer> freeSlots = new ArrayDeque<>();
        private final List<Map<Integer, Request>> inFlight = new ArrayList<>();
        private final BitSet busySectors = new BitSet();
        private int sent;
        private int done;

        Run(Random random) {
            this.random = random;
            for (int i = 0; i < IN_FLIGHT; i++) {
                freeSlots.add(i);
            }
            for (int i = 0; i < QUEUES; i++) {
                inFlight.add(new HashMap<>());
            }
        }

        void run() {
            while (done < REQUESTS) {
                if (sent < REQUESTS && !freeSlots.isEmpty() && random.nextInt(8) != 0) {
                    send(random.nextInt(QUEUES));
                } else {
                    finishSome();
                }
            }
            assertThat(disk.read(0, BYTES)).isEqualTo(content);
        }

        private void send(int queue) {
            int sectors = 1 + random.nextInt(MOST_SECTORS);
            int sector = random.nextInt(SECTORS - sectors + 1);
            if (busySectors.nextSetBit(sector) >= 0 && busySectors.nextSetBit(sector) < sector + sectors) {
                return;
            }
            busySectors.set(sector, sector + sectors);
            int type = switch (random.nextInt(16)) {
                case 0 -> FLUSH;
                case 1 -> WRITE_ZEROES;
                case 2, 3, 4, 5, 6, 7 -> OUT;
                default -> IN;
            };
            int slot = freeSlots.remove();
            byte[] data = new byte[sectors * SECTOR];
            if (type == OUT) {
                random.nextBytes(data);
            }
            Request request = offer(queue, slot, type, sector, sectors, data);
            inFlight.get(queue).put(request.chain().id(), request);
            sent++;
            disk.vring(queue).kick();
        }

        private Request offer(int queue, int slot, int type, int sector, int sectors, byte... data) {
            long at = BUFFERS + (long) slot * SLOT_BYTES + (random.nextBoolean() ? 0 : random.nextInt(4096));
            ChainBuilder chain = disk.vring(queue).driver().chain();
            if (random.nextBoolean()) {
                chain.indirect();
            }
            byte[] readable = switch (type) {
                case OUT -> new Payload().bytes(header(OUT, sector)).bytes(data).done();
                case WRITE_ZEROES ->
                    new Payload()
                            .bytes(header(WRITE_ZEROES, 0))
                            .u64(sector)
                            .u32(sectors, random.nextInt(2))
                            .done();
                default -> header(type, sector);
            };
            // Data first, where it is most often aligned, and what surrounds it behind.
            long dataAt = at;
            long restAt = at + (long) sectors * SECTOR;
            if (type == IN) {
                memory.put(restAt, readable);
                chain.readableAt(restAt, readable.length);
                cut(dataAt, (long) sectors * SECTOR).forEach(piece -> chain.writableAt(piece[0], piece[1]));
            } else if (type == OUT) {
                memory.put(restAt, Arrays.copyOf(readable, 16));
                memory.put(dataAt, data);
                chain.readableAt(restAt, 16);
                cut(dataAt, data.length).forEach(piece -> chain.readableAt(piece[0], piece[1]));
            } else {
                memory.put(restAt, readable);
                chain.readableAt(restAt, readable.length);
            }
            long status = restAt + 64;
            memory.put(status, (byte) GuestDisk.NONE);
            return new Request(
                    slot,
                    type,
                    sector,
                    sectors,
                    data,
                    chain.writableAt(status, 1).offer(),
                    status);
        }

        /** One piece, or some of random length. */
        private List<long[]> cut(long at, long bytes) {
            List<long[]> pieces = new ArrayList<>();
            boolean whole = random.nextBoolean();
            while (bytes > 0) {
                long piece = whole ? bytes : Math.min(bytes, 1 + random.nextInt(8192));
                pieces.add(new long[] {at, piece});
                at += piece;
                bytes -= piece;
                // The ring has to hold the chain without an indirect table, too.
                whole |= pieces.size() == 4;
            }
            return pieces;
        }

        private void finishSome() {
            int queue = random.nextInt(QUEUES);
            if (inFlight.get(queue).isEmpty()) {
                return;
            }
            finish(inFlight.get(queue), disk.vring(queue).awaitUsed());
        }

        private void finish(Map<Integer, Request> queue, Used used) {
            Request request = queue.remove(used.id());
            assertThat(memory.get(request.status(), 1)).containsExactly(OK);
            int bytes = request.sectors() * SECTOR;
            int from = request.sector() * SECTOR;
            switch (request.type()) {
                case IN -> {
                    assertThat(used.written()).isEqualTo(bytes + 1);
                    byte[] read = Arrays.copyOf(request.chain().writable(), bytes);
                    assertThat(read).isEqualTo(content(request.sector(), bytes));
                }
                case OUT -> System.arraycopy(request.data(), 0, content, from, bytes);
                case WRITE_ZEROES -> Arrays.fill(content, from, from + bytes, (byte) 0);
                default -> assertThat(used.written()).isEqualTo(1);
            }
            busySectors.clear(request.sector(), request.sector() + request.sectors());
            freeSlots.add(request.slot());
            done++;
        }
    }
}
