package dev.ringside.it.support;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;

/** A machine that boots from a disk as far as its boot sector: QEMU and its BIOS, both with a driver, in a second. */
public final class Firmware {
    /** Writes to the port that ends QEMU: mov dx, 0xf4; mov al, 0x10; out dx, al; jmp $. */
    private static final byte[] PROGRAM = {
        (byte) 0xba, (byte) 0xf4, 0, (byte) 0xb0, 0x10, (byte) 0xee, (byte) 0xeb, (byte) 0xfe
    };

    /** As QEMU makes it of 0x10. */
    private static final int BOOTED = 0x10 << 1 | 1;

    private Firmware() {}

    /** Makes an image bootable. */
    public static void install(Path image) throws IOException {
        byte[] sector = new byte[512];
        System.arraycopy(PROGRAM, 0, sector, 0, PROGRAM.length);
        sector[510] = 0x55;
        sector[511] = (byte) 0xaa;
        Files.write(image, sector, StandardOpenOption.WRITE);
    }

    /**
     * Boots from a disk.
     *
     * @param socket where it is served
     * @throws AssertionError if what was installed there has not run
     */
    public static void boot(Qemu qemu, Path socket) throws InterruptedException {
        List<String> command = new ArrayList<>(List.of(qemu.program(), "-nodefaults", "-no-user-config"));
        command.addAll(List.of("-display", "none", "-device", "isa-debug-exit,iobase=0xf4,iosize=1"));
        command.addAll(List.of("-chardev", "stdio,id=bios", "-device", "isa-debugcon,iobase=0x402,chardev=bios"));
        command.addAll(List.of("-machine", "pc,accel=tcg,memory-backend=memory", "-m", "64M"));
        command.addAll(List.of("-object", "memory-backend-memfd,id=memory,size=64M,share=on"));
        command.addAll(List.of("-chardev", "socket,id=disk,path=" + socket));
        command.addAll(List.of("-device", "vhost-user-blk-pci,chardev=disk"));
        Result result = Child.run("QEMU", command);
        if (result.status() != BOOTED) {
            throw new AssertionError("the boot sector has not run: " + result);
        }
    }
}
