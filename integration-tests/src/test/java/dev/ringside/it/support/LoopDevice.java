package dev.ringside.it.support;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Path;

/** A block device of the host, made of a file. */
public final class LoopDevice implements AutoCloseable {
    private final Path device;

    private LoopDevice(Path device) {
        this.device = device;
    }

    /** Makes one with sectors of so many bytes, or skips the test where that is not allowed. */
    public static LoopDevice over(Path image, int sectorBytes) throws IOException, InterruptedException {
        Root.needed("make loop devices");
        Result result = HostTools.run("losetup", "--find", "--show", "--sector-size=" + sectorBytes, image.toString());
        assumeTrue(result.status() == 0, "no loop device can be made here: " + result.err());
        return new LoopDevice(Path.of(result.out()));
    }

    public Path path() {
        return device;
    }

    /** Takes over the size that its file has now. */
    public void followSize() throws InterruptedException {
        HostTools.run("losetup", "--set-capacity", device.toString()).expectSuccess();
    }

    @Override
    public void close() {
        try {
            HostTools.run("losetup", "--detach", device.toString()).expectSuccess();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }
}
