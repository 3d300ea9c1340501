package dev.ringside.blk.storage;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Directories as sysfs has them. */
class HostBlockDeviceTest {
    @TempDir
    private Path host;

    private Path disk;

    @BeforeEach
    void makeDisk() throws IOException {
        disk = host.resolve("target/0:0:0:0/block/disk");
        put("queue/logical_block_size", "512");
        put("queue/physical_block_size", "4096");
        put("queue/discard_max_bytes", "2147450880");
        put("queue/discard_granularity", "65536");
    }

    private void put(String file, String text) throws IOException {
        Path path = disk.resolve(file);
        Files.createDirectories(path.getParent());
        Files.writeString(path, text + "\n");
    }

    @Test
    void shouldKnowBlocksAndDiscards() {
        assertThat(HostBlockDevice.at(disk)).isEqualTo(new HostBlockDevice(512, 4096, 65536, null));
    }

    @Test
    void shouldKnowADeviceThatTakesNothingBack() throws IOException {
        put("queue/discard_max_bytes", "0");
        assertThat(HostBlockDevice.at(disk).discardBytes()).isZero();
    }

    @Test
    void shouldKnowAPartitionByItsDisk() throws IOException {
        put("disk1/partition", "1");
        assertThat(HostBlockDevice.at(disk.resolve("disk1"))).isEqualTo(HostBlockDevice.at(disk));
    }

    @Test
    void shouldKnowTheWearOfAnEmmc() throws IOException {
        put("device/pre_eol_info", "0x01");
        put("device/life_time", "0x02 0x0b");
        assertThat(HostBlockDevice.at(disk).lifetime()).isEqualTo(new Lifetime(1, 2, 11));
    }

    @Test
    void shouldKnowTheWearOfAUfsDevice() throws IOException {
        Path unit = Files.createDirectories(host.resolve("ufs/host0/target0:0:0/0:0:0:0"));
        Files.createSymbolicLink(disk.resolve("device"), unit);
        Path health = Files.createDirectories(host.resolve("ufs/health_descriptor"));
        Files.writeString(health.resolve("eol_info"), "0x03\n");
        Files.writeString(health.resolve("life_time_estimation_a"), "0x0a\n");
        Files.writeString(health.resolve("life_time_estimation_b"), "0x00\n");
        assertThat(HostBlockDevice.at(disk).lifetime()).isEqualTo(new Lifetime(3, 10, 0));
    }
}
