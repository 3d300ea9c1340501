package dev.ringside.it.live;

import static dev.ringside.testing.VhostUser.ADD_MEM_REG;
import static org.assertj.core.api.Assertions.assertThat;

import dev.ringside.it.support.Await;
import dev.ringside.it.support.Backend;
import dev.ringside.it.support.Images;
import dev.ringside.linux.EventFd;
import dev.ringside.linux.Fd;
import dev.ringside.linux.MemFd;
import dev.ringside.testing.FakeFrontEnd;
import dev.ringside.testing.Payload;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A program that may open few descriptors, and a front-end that makes it open all of them. */
class FewDescriptorsIT {
    private static final int LIMIT = 128;
    private static final int SECTORS = 2048;
    private static final int SONGS = 100;
    private static final int PAGE = 4096;

    @TempDir
    private Path directory;

    private Path socket(String device) {
        return directory.resolve(device);
    }

    private Backend serve(String... devices) throws Exception {
        List<String> command =
                new ArrayList<>(List.of("bash", "-c", "ulimit -n \"$0\" && exec \"$@\"", String.valueOf(LIMIT)));
        command.addAll(Backend.script("vhost-user-blk"));
        for (String device : devices) {
            command.add("--device=socket-path=%s,blk-file=%s"
                    .formatted(socket(device), Images.blank(directory.resolve(device + ".img"), SECTORS * 512L)));
        }
        return Backend.startedBy(command, socket(devices[0]));
    }

    /** One more region, far from all others. */
    private static byte[] region(long number) {
        long address = number << 30;
        return new Payload().u64(0, address, PAGE, address, 0).done();
    }

    @Test
    void whoUsesUpAllDescriptorsHarmsOnlyItself() throws Exception {
        try (Backend backend = serve("greedy", "modest", "late");
                Fd page = MemFd.create("page", PAGE);
                Fd call = EventFd.create()) {
            Await.until("all devices are served", () -> Files.exists(socket("late")));
            try (Canary canary = new DiskCanary(socket("modest"), SECTORS, 1)) {
                sing(canary);
                FakeFrontEnd late;
                try (FakeFrontEnd greedy =
                        FakeFrontEnd.connect(socket("greedy")).negotiate()) {
                    long regions = 0;
                    while (greedy.acknowledged(ADD_MEM_REG, region(regions), page) == 0) {
                        regions++;
                    }
                    assertThat(regions).as("regions that it got").isBetween(1L, LIMIT - 1L);
                    sing(canary);
                    // The one that was left for the descriptor in a message.
                    greedy.setVringCall(0, call);
                    sing(canary);
                    late = FakeFrontEnd.connect(socket("late"));
                    greedy.sendNeedReply(ADD_MEM_REG, region(regions), page);
                    greedy.awaitClosed();
                }
                sing(canary);
                // Who came when there were none was not forgotten.
                late.negotiate().checkAlive();
                late.close();
            }
            try (Canary again = new DiskCanary(socket("greedy"), SECTORS, 2)) {
                sing(again);
            }
            assertThat(backend.process().err().text()).doesNotContain("unexpected", "Exception");
        }
    }

    private static void sing(Canary canary) throws Exception {
        for (int i = 0; i < SONGS; i++) {
            canary.singOnce();
        }
    }
}
