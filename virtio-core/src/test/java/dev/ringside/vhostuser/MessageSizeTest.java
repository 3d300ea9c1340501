package dev.ringside.vhostuser;

import static dev.ringside.testing.FakeFrontEnd.config;
import static dev.ringside.testing.FakeFrontEnd.regions;
import static dev.ringside.testing.FakeFrontEnd.singleRegion;
import static dev.ringside.testing.FakeFrontEnd.vringState;
import static org.assertj.core.api.Assertions.assertThat;

import dev.ringside.linux.EventFd;
import dev.ringside.linux.Fd;
import dev.ringside.linux.LinuxException;
import dev.ringside.linux.UnixSocket;
import dev.ringside.queue.VringAddress;
import dev.ringside.testing.EchoDevice;
import dev.ringside.testing.FakeFrontEnd;
import dev.ringside.testing.FakeMemory;
import dev.ringside.testing.Payload;
import dev.ringside.testing.VhostUser;
import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every request: as it should be, too small, too large, with a descriptor too few and one too many. */
class MessageSizeTest extends EchoServed {
    private static final long OTHER = 1L << 40;

    /** A region that is in no table yet. */
    private final FakeMemory extra = new FakeMemory().region(OTHER, OTHER, 4096);

    /**
     * A request that is fine after the memory table is set.
     *
     * @param own whether it has a reply of its own
     */
    record Request(String name, int number, boolean own, byte[] payload, Descriptor descriptor) {
        @Override
        public String toString() {
            return name;
        }
    }

    enum Descriptor {
        NONE,
        EVENTFD,
        SOCKET,
        MEMORY,
        EXTRA
    }

    static Stream<Request> all() {
        try (FakeMemory memory = FakeMemory.of(MEMORY_BYTES);
                FakeMemory extra = new FakeMemory().region(OTHER, OTHER, 4096)) {
            long rings = FakeMemory.USER_ADDRESS;
            byte[] addr = FakeFrontEnd.vringAddr(0, new VringAddress(rings, rings + 4096, rings + 8192));
            return Stream.of(
                    get("GET_FEATURES", VhostUser.GET_FEATURES),
                    set("SET_FEATURES", VhostUser.SET_FEATURES, u64(VhostUser.F_PROTOCOL_FEATURES)),
                    set("SET_OWNER", VhostUser.SET_OWNER),
                    set("RESET_OWNER", VhostUser.RESET_OWNER),
                    set("SET_MEM_TABLE", VhostUser.SET_MEM_TABLE, regions(memory), Descriptor.MEMORY),
                    own("SET_LOG_BASE", VhostUser.SET_LOG_BASE, FakeFrontEnd.logBase(4096, 0), Descriptor.MEMORY),
                    set("SET_LOG_FD", VhostUser.SET_LOG_FD, Payload.EMPTY, Descriptor.EVENTFD),
                    set(
                            "SET_INFLIGHT_FD",
                            VhostUser.SET_INFLIGHT_FD,
                            new Payload().u64(4096, 0).u32(1 | 16 << 16).done(),
                            Descriptor.MEMORY),
                    set("SET_VRING_NUM", VhostUser.SET_VRING_NUM, vringState(0, 8)),
                    set("SET_VRING_ADDR", VhostUser.SET_VRING_ADDR, addr),
                    set("SET_VRING_BASE", VhostUser.SET_VRING_BASE, vringState(0, 7)),
                    get("GET_VRING_BASE", VhostUser.GET_VRING_BASE, vringState(0, 0)),
                    set("SET_VRING_KICK", VhostUser.SET_VRING_KICK, u64(0), Descriptor.EVENTFD),
                    set("SET_VRING_CALL", VhostUser.SET_VRING_CALL, u64(0), Descriptor.EVENTFD),
                    set("SET_VRING_ERR", VhostUser.SET_VRING_ERR, u64(0), Descriptor.EVENTFD),
                    set("SET_VRING_CALL NOFD", VhostUser.SET_VRING_CALL, u64(VhostUser.NOFD)),
                    set("SET_VRING_ERR NOFD", VhostUser.SET_VRING_ERR, u64(VhostUser.NOFD)),
                    get("GET_PROTOCOL_FEATURES", VhostUser.GET_PROTOCOL_FEATURES),
                    set("SET_PROTOCOL_FEATURES", VhostUser.SET_PROTOCOL_FEATURES, u64(VhostUser.PROTOCOL_F_REPLY_ACK)),
                    get("GET_QUEUE_NUM", VhostUser.GET_QUEUE_NUM),
                    set("SET_VRING_ENABLE", VhostUser.SET_VRING_ENABLE, vringState(0, 1)),
                    set("SET_BACKEND_REQ_FD", VhostUser.SET_BACKEND_REQ_FD, Payload.EMPTY, Descriptor.SOCKET),
                    get(
                            "GET_CONFIG",
                            VhostUser.GET_CONFIG,
                            new Payload().u32(0, 4, 0).zeroes(4).done()),
                    set("SET_CONFIG", VhostUser.SET_CONFIG, config(EchoDevice.WRITABLE_CONFIG, (byte) 1)),
                    set("RESET_DEVICE", VhostUser.RESET_DEVICE),
                    get("GET_MAX_MEM_SLOTS", VhostUser.GET_MAX_MEM_SLOTS),
                    set(
                            "ADD_MEM_REG",
                            VhostUser.ADD_MEM_REG,
                            singleRegion(extra.regions().get(0)),
                            Descriptor.EXTRA),
                    set(
                            "REM_MEM_REG",
                            VhostUser.REM_MEM_REG,
                            singleRegion(memory.regions().get(0))),
                    set("SET_STATUS", VhostUser.SET_STATUS, u64(1)),
                    get("GET_STATUS", VhostUser.GET_STATUS));
        }
    }

    private static byte[] u64(long value) {
        return new Payload().u64(value).done();
    }

    private static Request get(String name, int number, byte... payload) {
        return new Request(name, number, true, payload, Descriptor.NONE);
    }

    private static Request own(String name, int number, byte[] payload, Descriptor descriptor) {
        return new Request(name, number, true, payload, descriptor);
    }

    private static Request set(String name, int number, byte... payload) {
        return set(name, number, payload, Descriptor.NONE);
    }

    private static Request set(String name, int number, byte[] payload, Descriptor descriptor) {
        return new Request(name, number, false, payload, descriptor);
    }

    static Stream<Request> withPayload() {
        return all().filter(request -> request.payload().length > 0);
    }

    static Stream<Request> withDescriptor() {
        return all().filter(request -> request.descriptor() != Descriptor.NONE);
    }

    /** REM_MEM_REG is the one request that may carry a descriptor or not. */
    static Stream<Request> withoutDescriptor() {
        return all().filter(request ->
                request.descriptor() == Descriptor.NONE && request.number() != VhostUser.REM_MEM_REG);
    }

    @AfterEach
    void closeExtra() {
        extra.close();
    }

    private Fd[] descriptors(Request request) throws LinuxException {
        return switch (request.descriptor()) {
            case NONE -> new Fd[0];
            case EVENTFD -> new Fd[] {EventFd.create()};
            case SOCKET -> {
                var pair = UnixSocket.pair();
                pair[1].close();
                yield new Fd[] {pair[0].fd()};
            }
            case MEMORY -> new Fd[] {memory.regions().get(0).fd().duplicate()};
            case EXTRA -> new Fd[] {extra.regions().get(0).fd().duplicate()};
        };
    }

    private void shouldRefuse(Request request, byte[] payload, Fd... fds) {
        if (request.own()) {
            shouldEndTheConnection(frontEnd -> {}, request.number(), payload, fds);
        } else {
            shouldRefuse(frontEnd -> {}, request.number(), payload, fds);
        }
        for (Fd fd : fds) {
            fd.close();
        }
    }

    @ParameterizedTest
    @MethodSource("all")
    void shouldTakeTheRequestAsItShouldBe(Request request) throws Exception {
        ready();
        Fd[] fds = descriptors(request);
        frontEnd.sendNeedReply(request.number(), request.payload(), fds);
        FakeFrontEnd.Message reply = frontEnd.receive();
        assertThat(reply.request()).isEqualTo(request.number());
        if (!request.own()) {
            assertThat(reply.u64()).isZero();
        }
        frontEnd.checkAlive();
        for (Fd fd : fds) {
            fd.close();
        }
    }

    @ParameterizedTest
    @MethodSource("withPayload")
    void shouldRefuseARequestThatIsAByteTooSmall(Request request) throws Exception {
        shouldRefuse(request, Arrays.copyOf(request.payload(), request.payload().length - 1), descriptors(request));
    }

    @ParameterizedTest
    @MethodSource("withPayload")
    void shouldRefuseARequestWithoutAPayload(Request request) throws Exception {
        shouldRefuse(request, Payload.EMPTY, descriptors(request));
    }

    /** SET_MEM_TABLE may have room for regions that are not used. */
    static Stream<Request> ofFixedSize() {
        return all().filter(request -> request.number() != VhostUser.SET_MEM_TABLE);
    }

    @ParameterizedTest
    @MethodSource("ofFixedSize")
    void shouldRefuseARequestThatIsAByteTooLarge(Request request) throws Exception {
        shouldRefuse(request, Arrays.copyOf(request.payload(), request.payload().length + 1), descriptors(request));
    }

    @ParameterizedTest
    @MethodSource("ofFixedSize")
    void shouldRefuseARequestOfTheLargestSize(Request request) throws Exception {
        shouldRefuse(request, Arrays.copyOf(request.payload(), 4096), descriptors(request));
    }

    @ParameterizedTest
    @MethodSource("withDescriptor")
    void shouldRefuseARequestWithoutItsDescriptor(Request request) {
        shouldRefuse(request, request.payload());
    }

    @ParameterizedTest
    @MethodSource("withDescriptor")
    void shouldRefuseARequestWithTwoDescriptorsInsteadOfOne(Request request) throws Exception {
        Fd[] one = descriptors(request);
        shouldRefuse(request, request.payload(), one[0], one[0]);
    }

    @ParameterizedTest
    @MethodSource("withoutDescriptor")
    void shouldRefuseAnUnsolicitedDescriptor(Request request) throws Exception {
        shouldRefuse(request, request.payload(), EventFd.create());
    }

    @Test
    void shouldRefuseTwoUnsolicitedDescriptorsToRemove() throws Exception {
        try (Fd fd = EventFd.create()) {
            shouldRefuse(
                    frontEnd -> frontEnd.setMemTable(memory),
                    VhostUser.REM_MEM_REG,
                    singleRegion(memory.regions().get(0)),
                    fd,
                    fd);
        }
    }

    @Test
    void shouldTakeAMemTableWithRoomForEightRegions() {
        frontEnd.negotiate();
        byte[] eight = Arrays.copyOf(regions(memory), 8 + 8 * 32);
        assertThat(frontEnd.acknowledged(VhostUser.SET_MEM_TABLE, eight, FakeFrontEnd.fds(memory)))
                .isZero();
    }
}
