package dev.ringside.it.support;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** QEMU's tools for disks, as front-ends without a guest. */
public final class QemuTools {
    private QemuTools() {}

    /** The disk served at a socket, as {@code --image-opts} names it. */
    public static String disk(Path socket) {
        return "driver=virtio-blk-vhost-user,path=" + socket + ",cache.direct=on";
    }

    /** Runs commands of {@code qemu-io}, such as {@code write -P 0xa5 0 64k}, on the disk served at a socket. */
    public static Result io(Path socket, String... commands) throws InterruptedException {
        List<String> command = new ArrayList<>(List.of(Lab.program("qemu-io")));
        Arrays.stream(commands).forEach(each -> command.addAll(List.of("-c", each)));
        command.addAll(List.of("--image-opts", disk(socket)));
        return Child.run("qemu-io", command);
    }

    /** Runs {@code qemu-img}. */
    public static Result img(String... arguments) throws InterruptedException {
        List<String> command = new ArrayList<>(List.of(Lab.program("qemu-img")));
        command.addAll(List.of(arguments));
        return Child.run("qemu-img", command);
    }

    /** A {@code qemu-img bench} that writes to the disk served at a socket, and goes on for longer than any test. */
    public static Child bench(Path socket, int pattern) {
        List<String> command = new ArrayList<>(List.of(Lab.program("qemu-img"), "bench", "-w", "-c", "2000000000"));
        command.addAll(List.of("-d", "32", "-s", "4096", "-S", "65536", "--pattern=" + pattern));
        command.addAll(List.of("--image-opts", disk(socket)));
        return Child.start("qemu-img bench", command);
    }

    /** A {@code qemu-io} on the disk served at a socket. It has read from it, and stays until its input is closed. */
    public static Child attach(Path socket) throws IOException, InterruptedException {
        return stay(disk(socket));
    }

    /** The same on an image, as any QEMU opens it that may write. */
    public static Child open(Path image) throws IOException, InterruptedException {
        return stay("driver=file,filename=" + image);
    }

    private static Child stay(String disk) throws IOException, InterruptedException {
        Child qemuIo = Child.start("qemu-io", List.of(Lab.program("qemu-io"), "--image-opts", disk));
        try {
            qemuIo.say("read 0 512\n");
            qemuIo.out().await("read 512/512 bytes");
            return qemuIo;
        } catch (Throwable e) {
            qemuIo.close();
            throw e;
        }
    }
}
