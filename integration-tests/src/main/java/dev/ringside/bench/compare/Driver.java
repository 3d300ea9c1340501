package dev.ringside.bench.compare;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.ringside.bench.BenchException;
import dev.ringside.bench.guest.BenchGuest;
import dev.ringside.bench.guest.Iperf;
import dev.ringside.bench.guest.Network;
import dev.ringside.bench.guest.Pings;
import dev.ringside.bench.guest.Sockperf;
import dev.ringside.bench.host.Child;
import dev.ringside.bench.host.Listening;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/** Has all guests of a bed do their work at the same time, and reads what they say of it. */
final class Driver {
    private static final ObjectMapper JSON = new ObjectMapper();
    /** For a guest within a guest; who has died is noticed at once. */
    private static final Duration PATIENCE = Duration.ofMinutes(10);

    private static final int SOCKPERF_PORT = 11111;

    private final Setting setting;

    Driver(Setting setting) {
        this.setting = setting;
    }

    Result run(Bed bed, Workload workload, Duration time) throws BenchException, InterruptedException {
        List<Child> servers = new ArrayList<>();
        try {
            List<String> commands = new ArrayList<>();
            for (int i = 0; i < bed.guests().size(); i++) {
                commands.add(prepare(bed, workload, Math.max(1, time.toSeconds()), i, servers));
            }
            for (int i = 0; i < commands.size(); i++) {
                bed.guests().get(i).begin(commands.get(i));
            }
            List<Result> results = new ArrayList<>();
            for (int i = 0; i < commands.size(); i++) {
                BenchGuest guest = bed.guests().get(i);
                results.add(read(workload, guest.finish(commands.get(i), PATIENCE.plus(time), bed::checkAlive)));
            }
            return Result.sum(results);
        } finally {
            servers.forEach(Child::close);
        }
    }

    /** Starts what it takes on the host, and gives the guest's command. */
    private String prepare(Bed bed, Workload workload, long seconds, int guest, List<Child> servers)
            throws BenchException, InterruptedException {
        if (workload.kind() == Kind.BLOCK) {
            return fio(workload, Disks.node(bed.mode()), seconds);
        }
        Network network = Objects.requireNonNull(bed.network());
        Integer processor = setting.backendProcessor(bed.guests().size());
        String host = Network.host(guest);
        return switch (workload) {
            case PING -> "ping -A -w " + seconds + " " + host;
            case RR_TCP -> {
                int port = SOCKPERF_PORT + guest;
                List<String> server = List.of(
                        setting.tools().labProgram("sockperf"), "server", "--tcp", "-i", "0.0.0.0", "-p", "" + port);
                Child child = setting.children().start("sockperf-" + guest, processor, network.enter(server), Map.of());
                servers.add(child);
                Listening.awaitPort(child, port);
                yield "sockperf ping-pong --tcp --full-rtt -t " + seconds + " -i " + host + " -p " + port;
            }
            default -> {
                servers.add(Iperf.serve(setting.tools(), setting.children(), network, processor, guest));
                yield "iperf3 --json -c " + host + " -p " + (Iperf.PORT + guest) + " -t " + seconds + options(workload);
            }
        };
    }

    private static String options(Workload workload) {
        return switch (workload) {
            case TCP_IN -> " -R";
            case TCP_OUT_4 -> " -P 4";
            case TCP_IN_4 -> " -P 4 -R";
            case UDP_64_OUT -> " -u -b 0 -l 64";
            case UDP_64_IN -> " -u -b 0 -l 64 -R";
            case UDP_1400_OUT -> " -u -b 0 -l 1400";
            case UDP_1400_IN -> " -u -b 0 -l 1400 -R";
            default -> "";
        };
    }

    private static String fio(Workload workload, String disk, long seconds) {
        String how = switch (workload) {
            case READ_4K_1 -> "randread --bs=4k --iodepth=1";
            case READ_4K_32 -> "randread --bs=4k --iodepth=32";
            case WRITE_4K_1 -> "randwrite --bs=4k --iodepth=1";
            case WRITE_4K_32 -> "randwrite --bs=4k --iodepth=32";
            case READ_128K -> "read --bs=128k --iodepth=8";
            case WRITE_128K -> "write --bs=128k --iodepth=8";
            case FSYNC -> "write --bs=4k --fsync=1";
            default -> throw new IllegalArgumentException(workload.word());
        };
        return "fio --name=load --output-format=json --filename=" + disk + " --direct=1 --ioengine=libaio --rw=" + how
                + " --norandommap --time_based --runtime=" + seconds;
    }

    private static Result read(Workload workload, String said) throws BenchException {
        return switch (workload) {
            case PING -> pings(said);
            case RR_TCP -> sockperf(said);
            default -> workload.kind() == Kind.NET ? iperf(said) : fio(workload, said);
        };
    }

    private static Result pings(String said) throws BenchException {
        Pings pings = Pings.parse(said);
        double seconds = pings.mean() * pings.count() / 1e6;
        return new Result(seconds, 2.0 * pings.count(), 0, pings.quantile(0.5), pings.quantile(0.99), Double.NaN);
    }

    private static Result sockperf(String said) throws BenchException {
        Sockperf found = Sockperf.parse(said);
        return new Result(found.seconds(), found.messages(), 0, found.p50(), found.p99(), Double.NaN);
    }

    private static Result iperf(String said) throws BenchException {
        Iperf iperf = Iperf.parse(said);
        return Result.withoutLatency(iperf.seconds(), iperf.packets(), iperf.bytes(), iperf.lostPercent());
    }

    private static Result fio(Workload workload, String said) throws BenchException {
        JsonNode job;
        try {
            // A word of warning may stand before it.
            job = JSON.readTree(said.substring(Math.max(0, said.indexOf('{'))))
                    .path("jobs")
                    .path(0);
        } catch (JsonProcessingException e) {
            throw new BenchException("fio printed no JSON: " + said.strip(), e);
        }
        String direction = job.path("read").path("total_ios").asDouble() > 0 ? "read" : "write";
        JsonNode io = job.path(direction);
        double seconds = io.path("runtime").asDouble() / 1000;
        if (job.path("error").asInt() != 0 || !(seconds > 0)) {
            throw new BenchException(
                    "fio has failed, error " + job.path("error").asInt());
        }
        JsonNode latency = workload == Workload.FSYNC
                ? job.path("sync").path("lat_ns").path("percentile")
                : io.path("clat_ns").path("percentile");
        return new Result(
                seconds,
                io.path("total_ios").asDouble(),
                io.path("io_bytes").asDouble(),
                latency.path("50.000000").asDouble(Double.NaN) / 1000,
                latency.path("99.000000").asDouble(Double.NaN) / 1000,
                Double.NaN);
    }
}
