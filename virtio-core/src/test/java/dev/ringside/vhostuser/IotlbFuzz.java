package dev.ringside.vhostuser;

import dev.ringside.fuzz.FuzzInput;
import dev.ringside.fuzz.FuzzTarget;
import dev.ringside.fuzz.HostileDriver;
import dev.ringside.linux.EventFd;
import dev.ringside.linux.Fd;
import dev.ringside.linux.LinuxException;
import dev.ringside.linux.UnixSocket;
import dev.ringside.loop.DeviceLoop;
import dev.ringside.loop.Engine;
import dev.ringside.queue.PackedVirtqueue;
import dev.ringside.testing.EchoDevice;
import dev.ringside.testing.FakeFrontEnd;
import dev.ringside.testing.FakeFrontEnd.Message;
import dev.ringside.testing.FakeIommu;
import dev.ringside.testing.FakeIommu.Miss;
import dev.ringside.testing.FakeMemory;
import dev.ringside.testing.LogWatch;
import dev.ringside.testing.Payload;
import dev.ringside.testing.ProcSelf;
import dev.ringside.testing.VhostUser;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Queue;
import java.util.function.Consumer;

/**
 * A device behind an IOMMU whose front-end maps, takes back and maps elsewhere while a ring is at work, in any order and with
 * any numbers. Whatever it does, and whatever the driver offers:
 *
 * <ul>
 *   <li>the device writes to nothing that it may not write to ({@link IommuModel});
 *   <li>it reads nothing that it may not read, for what it reads it writes elsewhere;
 *   <li>once an invalidation is answered it does neither any more, chains that were in flight included;
 *   <li>it asks for no more than there is cause to;
 *   <li>nothing of the session is left.
 * </ul>
 */
public final class IotlbFuzz implements FuzzTarget {
    private static final int PAGE = FakeIommu.PAGE;
    private static final int PAGES = IommuModel.PAGES;
    private static final long USER = FakeMemory.USER_ADDRESS;
    private static final int MAX_STEPS = 64;
    private static final int EXECUTIONS_BETWEEN_LOOKS = 4096;
    private static final int MOST_UNHEARD = 64;
    private static final int MANY_UNANSWERED = 128;
    private static final Duration MOMENT = Duration.ofMillis(1);

    /** Where the ring is: I/O virtual, and in the front-end's memory if that is mapped to itself. */
    private static final int DESC = PAGE;

    private static final int AVAIL = 2 * PAGE;
    private static final int USED = 3 * PAGE;
    private static final int SIZE = 8;

    private static final int NEXT = 1;
    private static final int WRITE = 2;
    private static final int INDIRECT = 4;
    private static final int PACKED_AVAIL = 1 << 7;
    private static final int PACKED_USED = 1 << 15;

    private final LogWatch log = new LogWatch();
    private final DeviceLoop loop = DeviceLoop.start("fuzz", Engine.best());
    private final EchoDevice device = new EchoDevice(1);
    private final FakeMemory memory = FakeMemory.of((long) IommuModel.FIRST_PAGES * PAGE)
            .region(1L << 32, USER + (long) IommuModel.FIRST_PAGES * PAGE, (long) IommuModel.MORE_PAGES * PAGE);
    private final IommuModel model = new IommuModel(memory);
    private final Fd kick = EventFd.create();
    private final Fd call = EventFd.create();
    private ProcSelf before;
    private long executions;

    private FakeFrontEnd frontEnd;
    private FakeIommu iommu;
    private boolean packed;
    private int base;
    /** Free-running: the next descriptor that the driver uses, and the next entry of the avail ring. */
    private int position;

    private int availIdx;

    /** What gives the device cause to ask for a translation, and how often it has asked. */
    private int causes;

    private int misses;

    /** What to make of the answers that are to come. */
    private final Queue<Consumer<Message>> unheard = new ArrayDeque<>();

    public IotlbFuzz() throws LinuxException {}

    @Override
    public void execute(FuzzInput input) throws Exception {
        if (executions++ % EXECUTIONS_BETWEEN_LOOKS == 0) {
            look();
        }
        begin(input.u8());
        UnixSocket[] pair = UnixSocket.pair();
        VhostUserServer server = new VhostUserServer(device, loop, List.of(loop));
        server.adopt(pair[1].fd());
        try (FakeFrontEnd connected = new FakeFrontEnd(pair[0]);
                FakeIommu behind = FakeIommu.before(connected, memory, packed)) {
            frontEnd = connected;
            iommu = behind;
            setUp(input);
            for (int step = 0; input.hasMore() && step < MAX_STEPS; step++) {
                step(input);
            }
            // All that was said and kicked has been heard.
            awaitAnswer(VhostUser.GET_FEATURES, Payload.EMPTY, false);
            HostileDriver.await(loop.call(() -> true));
            model.settle();
            listen(false);
        }
        device.hold(false);
        HostileDriver.await(loop.call(() -> true));
        releaseHeld();
        HostileDriver.await(server.finished());
        model.end();
        // Each lets a queue, or a ring, look again; what is asked for beyond the first page has to be answered above a
        // number.
        if (misses > 3 * causes + MANY_UNANSWERED) {
            throw new AssertionError("%d misses for %d reasons".formatted(misses, causes));
        }
        if (!log.errors().isEmpty()) {
            throw new AssertionError(log.errors().toString());
        }
    }

    private void begin(int how) {
        packed = (how & 1) != 0;
        base = packed ? PackedVirtqueue.INITIAL_BASE : 0;
        position = 0;
        availIdx = 0;
        causes = 1;
        misses = 0;
        device.hold((how & 2) != 0);
        model.begin();
        unheard.clear();
    }

    private void look() {
        if (before == null) {
            before = ProcSelf.now();
        } else {
            ProcSelf.awaitNoMoreThan(before);
        }
    }

    private void step(FuzzInput input) throws Exception {
        switch (input.below(16)) {
            case 0, 1 -> update(page(input), (1L + input.below(4)) * PAGE, USER + page(input), 1 + input.below(3));
            case 2 -> update(any(input), any(input), USER + any(input), input.u8());
            case 3 -> update(0, (long) PAGES * PAGE, USER, VhostUser.ACCESS_RW);
            case 4 -> invalidate(page(input), (1L + input.below(4)) * PAGE);
            case 5 -> invalidate(any(input), any(input));
            case 6, 7 -> listen(true);
            case 8, 9 -> offer(input);
            case 10 -> kick();
            case 11 -> setUp(input);
            case 12 -> stopOrPause(input.u8());
            case 13 -> addOrRemoveRegion();
            case 14 -> {
                boolean hold = input.bool();
                device.hold(hold);
                if (!hold) {
                    releaseHeld();
                }
            }
            default -> {
                int offset = input.u16();
                model.put(offset % (PAGES * PAGE - Short.BYTES), Short.BYTES, input.u16());
                if ((offset & 3) == 0) {
                    HostileDriver.await(loop.call(() -> true));
                }
            }
        }
    }

    private static long page(FuzzInput input) {
        return (long) input.below(PAGES + 2) * PAGE;
    }

    private static long any(FuzzInput input) {
        int how = input.u8();
        return switch (how & 3) {
            case 0 -> input.u16();
            case 1 -> page(input) + (how >> 2);
            case 2 -> input.i64();
            default -> -(long) input.u16();
        };
    }

    // ------------------------------------------------------------------------------------------------- the front-end

    /** Sends a request, whose answer is heard later. */
    private void send(int request, byte[] payload, boolean acknowledged, Consumer<Message> heard, Fd... fds)
            throws Exception {
        causes++;
        if (acknowledged) {
            frontEnd.sendNeedReply(request, payload, fds);
        } else {
            frontEnd.send(request, payload, fds);
        }
        unheard.add(heard);
        if (unheard.size() == MOST_UNHEARD) {
            hear();
        }
    }

    /** Waits for all answers, and lets go of what the device holds for as long as that takes. */
    private void hear() throws Exception {
        long end = System.nanoTime() + FakeFrontEnd.DEADLINE.toNanos();
        while (!unheard.isEmpty()) {
            if (frontEnd.hasMessageWithin(MOMENT)) {
                Message answer = frontEnd.receive();
                unheard.remove().accept(answer);
            } else if (System.nanoTime() > end) {
                throw new AssertionError(unheard.size() + " requests are not answered");
            } else {
                releaseHeld();
            }
        }
    }

    private Message awaitAnswer(int request, byte[] payload, boolean acknowledged, Fd... fds) throws Exception {
        Message[] answer = new Message[1];
        send(request, payload, acknowledged, heard -> answer[0] = heard, fds);
        hear();
        return answer[0];
    }

    private boolean isRefused(int request, byte[] payload, Fd... fds) throws Exception {
        return awaitAnswer(request, payload, true, fds).u64() != 0;
    }

    /** Sends a request that may be refused. */
    private void attempt(int request, byte[] payload, Fd... fds) throws Exception {
        send(request, payload, true, answer -> {}, fds);
    }

    private void releaseHeld() {
        while (device.isHolding()) {
            device.awaitHeld().release();
        }
    }

    private void update(long address, long size, long userAddress, int access) throws Exception {
        boolean sensible = model.grant(address, size, userAddress, access);
        byte[] message = FakeIommu.message(address, size, userAddress, access, VhostUser.IOTLB_UPDATE);
        // One that makes sense is refused as well if it leads a ring that waits for it outside the memory table.
        send(VhostUser.IOTLB_MSG, message, true, answer -> {
            if (answer.u64() == 0 && !sensible) {
                throw new AssertionError("update of %#x bytes from %#x to %#x, access %d taken"
                        .formatted(size, address, userAddress, access));
            }
        });
    }

    private void invalidate(long address, long size) throws Exception {
        byte[] message = FakeIommu.message(address, size, 0, 0, VhostUser.IOTLB_INVALIDATE);
        if (isRefused(VhostUser.IOTLB_MSG, message)) {
            throw new AssertionError("invalidation of %#x bytes from %#x refused".formatted(size, address));
        }
        model.revoke(address, size);
    }

    /** Hears what the device wants to know, and tells it perhaps: a page, each mapped to itself as far as there are any. */
    private void listen(boolean answer) throws Exception {
        while (iommu.isAskedAlready()) {
            Miss miss = iommu.awaitMiss();
            misses++;
            if (miss.access() != VhostUser.ACCESS_RO && miss.access() != VhostUser.ACCESS_WO) {
                throw new AssertionError("a strange question: " + miss);
            }
            if (answer && miss.page() >= 0 && miss.page() < (long) (PAGES + 1) * PAGE) {
                update(miss.page(), PAGE, USER + miss.page(), miss.access());
            }
        }
    }

    private void setUp(FuzzInput input) throws Exception {
        int how = input.u8();
        long away = (how & 1) == 0 ? 0 : page(input);
        long desc = (how & 2) == 0 ? DESC : DESC + PAGE - 16L * input.below(SIZE);
        byte[] address = new Payload()
                .u32(0, 0)
                .u64(desc + away, USED + away, AVAIL + away, 0)
                .done();
        byte[] vring = new Payload().u64(0).done();
        attempt(VhostUser.SET_VRING_NUM, FakeFrontEnd.vringState(0, SIZE));
        attempt(VhostUser.SET_VRING_BASE, FakeFrontEnd.vringState(0, base));
        attempt(VhostUser.SET_VRING_ADDR, address);
        attempt(VhostUser.SET_VRING_CALL, vring, call);
        attempt(VhostUser.SET_VRING_KICK, vring, kick);
        attempt(VhostUser.SET_VRING_ENABLE, FakeFrontEnd.vringState(0, 1));
    }

    private void stopOrPause(int how) throws Exception {
        if ((how & 1) == 0) {
            attempt(VhostUser.SET_VRING_ENABLE, FakeFrontEnd.vringState(0, how >> 1 & 1));
        } else {
            byte[] state = awaitAnswer(VhostUser.GET_VRING_BASE, FakeFrontEnd.vringState(0, 0), false)
                    .payload();
            base = (int) Payload.value(state, Integer.BYTES, Integer.BYTES);
        }
    }

    /** The second one, wherever it is mapped. */
    private void addOrRemoveRegion() throws Exception {
        FakeMemory.Region region = memory.regions().get(1);
        byte[] description = FakeFrontEnd.singleRegion(region);
        if (model.hasSecondRegion()) {
            if (!isRefused(VhostUser.REM_MEM_REG, description)) {
                model.secondRegion(false);
            }
        } else {
            model.secondRegion(true);
            if (isRefused(VhostUser.ADD_MEM_REG, description, region.fd())) {
                throw new AssertionError("a region is refused that was there before");
            }
        }
    }

    // --------------------------------------------------------------------------------------------------- the driver

    private void kick() {
        causes++;
        EventFd.signal(kick);
    }

    private void offer(FuzzInput input) {
        int count = 1 + input.below(3);
        int head = position % SIZE;
        for (int i = 0; i < count; i++) {
            int how = input.u8();
            boolean last = i == count - 1;
            int flags = (last ? 0 : NEXT) | ((how & 0x20) != 0 ? WRITE : 0) | ((how & 0xc0) == 0xc0 ? INDIRECT : 0);
            describe(input, how, flags);
            position++;
        }
        if (!packed) {
            model.put(AVAIL + 4 + 2 * (availIdx % SIZE), Short.BYTES, head);
            availIdx++;
            model.put(AVAIL + 2, Short.BYTES, availIdx);
        }
    }

    private void describe(FuzzInput input, int how, int flags) {
        int slot = position % SIZE;
        int at = DESC + 16 * slot;
        model.put(at, Long.BYTES, address(input, how));
        model.put(at + 8, Integer.BYTES, length(input, how >> 2));
        if (packed) {
            boolean even = position / SIZE % 2 == 0;
            model.put(at + 12, Short.BYTES, slot);
            model.put(at + 14, Short.BYTES, flags | (even ? PACKED_AVAIL : PACKED_USED));
        } else {
            model.put(at + 12, Short.BYTES, flags);
            model.put(at + 14, Short.BYTES, (slot + 1) % SIZE);
        }
    }

    private static long address(FuzzInput input, int how) {
        return switch (how & 3) {
            case 0 -> page(input) + input.u8();
            case 1 -> page(input) + PAGE - 1 - input.u8();
            case 2 -> input.i64();
            default -> page(input);
        };
    }

    private static long length(FuzzInput input, int how) {
        return switch (how & 7) {
            case 0, 1, 2 -> input.u8();
            case 3 -> input.u16();
            case 4 -> 16L * (1 + input.below(4));
            case 5 -> 2L * PAGE + input.u8();
            case 6 -> input.i32();
            default -> PAGE;
        };
    }

    @Override
    public void close() {
        look();
        loop.close();
        kick.close();
        call.close();
        memory.close();
        log.close();
    }
}
