package dev.ringside.it.support;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * A directory that is a host's root to {@code scripts/vfio} and {@code scripts/sriov}: what they look at of {@code /sys},
 * {@code /proc} and {@code /dev}, laid out as the kernel does. It begins as a host with all that passthrough wants, and
 * with no device. There is no kernel: what the scripts write stays where they have written it.
 */
public final class HostTree {
    private static final String RELEASE = "6.12.0-test";

    private final Path root;

    /** @param root a directory that is empty */
    public HostTree(Path root) {
        this.root = root;
        directory("sys/devices/pci0000:00");
        directory("sys/bus/pci/devices");
        directory("sys/bus/pci/drivers/vfio-pci");
        directory("sys/kernel/iommu_groups");
        directory("sys/module/vfio_pci");
        directory("sys/module/vfio_iommu_type1");
        directory("sys/class/iommu/dmar0/intel-iommu");
        file("sys/bus/pci/drivers_probe", "");
        file("proc/cpuinfo", "processor\t: 0\nvendor_id\t: GenuineIntel\n");
        file("proc/cmdline", "root=/dev/sda1 quiet\n");
        file("proc/interrupts", "   CPU0\n 24:   7  IR-PCI-MSI-0000:00:01.0  0-edge  PCIe\n");
        file("proc/sys/kernel/osrelease", RELEASE + "\n");
    }

    /** Adds a function with a driver, a group of its own, and resets, right at the root complex. */
    public Device device(String address, int group) {
        return deviceBelow("", address, group);
    }

    /** Adds one behind a bridge. */
    public Device deviceBelow(String bridge, String address, int group) {
        String place = "sys/devices/pci0000:00/" + (bridge.isEmpty() ? "" : bridge + "/") + address;
        return new Device(address, place, group);
    }

    /** One of the network interfaces that belong to no device, such as a bridge. */
    public void virtualInterface(String name) {
        link("sys/class/net/" + name, directory("sys/devices/virtual/net/" + name));
    }

    /** An interface stands on another. */
    public void standsOn(String upper, String lower) {
        link("sys/class/net/" + lower + "/upper_" + upper, path("sys/class/net/" + upper));
    }

    /** Routes the rest of the world by an interface. */
    public void defaultRoute(String name) {
        file(
                "proc/net/route",
                "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n" + name
                        + "\t00000000\t0202000A\t0003\t0\t0\t0\t00000000\t0\t0\t0\n");
    }

    public Path path(String name) {
        return root.resolve(name);
    }

    public Path directory(String name) {
        try {
            return Files.createDirectories(path(name));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    public Path file(String name, String text) {
        try {
            Path file = path(name);
            Files.createDirectories(file.getParent());
            return Files.writeString(file, text);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Makes a link, or turns one that is there. */
    public void link(String name, Path target) {
        try {
            Path link = path(name);
            Files.createDirectories(link.getParent());
            Files.deleteIfExists(link);
            Files.createSymbolicLink(link, target);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    public void remove(String name) {
        try {
            Files.delete(path(name));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** What a file holds. */
    public String text(String name) {
        try {
            return Files.readString(path(name));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Runs one of the scripts on this host. */
    public Result run(String script, String... arguments) throws InterruptedException {
        try (Child child = start(script, arguments)) {
            return child.finish();
        }
    }

    /** Starts one of the scripts on this host. */
    public Child start(String script, String... arguments) {
        List<String> command = new ArrayList<>(List.of(Lab.script(script)));
        command.addAll(List.of(arguments));
        String path = path("bin") + ":" + System.getenv("PATH");
        return Child.start("scripts/" + script, Map.of("RINGSIDE_HOST_ROOT", root.toString(), "PATH", path), command);
    }

    /** Puts a program of this host's before those of the real one; it is told the host's root. */
    public void program(String name, String shellScript) {
        Path file = file("bin/" + name, "#!/bin/sh\nset -eu\ncd \"$RINGSIDE_HOST_ROOT\"\n" + shellScript);
        if (!file.toFile().setExecutable(true)) {
            throw new IllegalStateException("cannot be made a program: " + file);
        }
    }

    /** A PCI function. */
    public final class Device {
        private final String address;
        private final String place;

        private Device(String address, String place, int group) {
            this.address = address;
            this.place = place;
            directory(place);
            link("sys/bus/pci/devices/" + address, path(place));
            attribute("class", "0x020000");
            attribute("vendor", "0x8086");
            attribute("device", "0x10c9");
            attribute("driver_override", "(null)");
            attribute("reset_method", "flr bus");
            attribute("numa_node", "-1");
            driver("igb");
            group(group);
        }

        public String address() {
            return address;
        }

        /** Where one of its files is. */
        public String at(String name) {
            return place + "/" + name;
        }

        public Device attribute(String name, String value) {
            file(at(name), value + "\n");
            return this;
        }

        public Device driver(String name) {
            String driver = "sys/bus/pci/drivers/" + name;
            file(driver + "/bind", "");
            file(driver + "/unbind", "");
            link(at("driver"), path(driver));
            return this;
        }

        public Device group(int number) {
            String group = "sys/kernel/iommu_groups/" + number;
            link(group + "/devices/" + address, path(place));
            link(at("iommu_group"), path(group));
            return this;
        }

        /** A network interface, which is up. */
        public Device net(String name) {
            directory(at("net/" + name));
            file(at("net/" + name + "/flags"), "0x1003\n");
            link("sys/class/net/" + name, path(at("net/" + name)));
            link(at("net/" + name + "/device"), path(place));
            return this;
        }

        /** A block device, with its numbers. */
        public Device disk(String name, String numbers) {
            file(at("block/" + name + "/dev"), numbers + "\n");
            link("sys/class/block/" + name, path(at("block/" + name)));
            return this;
        }

        /** Room for virtual functions, of which there are none yet. */
        public Device sriov(int total) {
            attribute("sriov_totalvfs", Integer.toString(total));
            attribute("sriov_numvfs", "0");
            attribute("sriov_drivers_autoprobe", "1");
            String none = "0x0000000000000000 0x0000000000000000 0x0000000000000000\n";
            String some = "0x00000000fe800000 0x00000000fe81ffff 0x000000000014220c\n";
            file(at("resource"), some + none.repeat(6) + some + none.repeat(5));
            return this;
        }

        /** A virtual function of this one. */
        public Device vf(int index, String vfAddress, int group) {
            Device vf = device(vfAddress, group);
            link(vf.at("physfn"), path(place));
            link(at("virtfn" + index), path(vf.place));
            attribute("sriov_numvfs", Integer.toString(index + 1));
            remove(vf.at("driver"));
            return vf;
        }
    }
}
