package dev.ringside.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ringside.it.support.Child;
import dev.ringside.it.support.HostTree;
import dev.ringside.it.support.Result;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the scripts write, and how they take it back, before a kernel that does not do as it is told. */
class PassthroughUndoIT {
    private static final String NIC = "0000:01:00.0";
    private static final String RECORD = "run/ringside/vfio/devices/" + NIC;

    @TempDir
    private Path directory;

    private HostTree host;
    private HostTree.Device nic;

    @BeforeEach
    void makeHost() {
        host = new HostTree(directory);
        nic = host.device(NIC, 7).net("eth0").sriov(7);
    }

    @Test
    void aDryRunTellsEachWriteAndMakesNone() throws Exception {
        Result result = host.run("vfio", "bind", "--dry-run", NIC);
        assertThat(result.expectSuccess().lines().map(line -> line.replace(directory.toString(), "")))
                .containsExactly(
                        "would record in /" + RECORD + ": driver=igb override=",
                        "would write 'vfio-pci' to /sys/bus/pci/devices/" + NIC + "/driver_override",
                        "would write '" + NIC + "' to /sys/bus/pci/drivers/igb/unbind",
                        "would write '" + NIC + "' to /sys/bus/pci/drivers_probe");
        assertThat(host.path("run")).doesNotExist();
        assertThat(host.text(nic.at("driver_override"))).isEqualTo("(null)\n");
        result = host.run("sriov", "create", "--dry-run", "--mac=52:54:00:00:00:fe", "--vlan=3", "--rate=10", NIC, "2");
        assertThat(result.expectSuccess())
                .contains(
                        "would write '0' to",
                        "would write '2' to",
                        "would run ip link set dev eth0 vf 0 mac 52:54:00:00:00:fe vlan 3 max_tx_rate 10",
                        "would run ip link set dev eth0 vf 1 mac 52:54:00:00:00:ff vlan 3 max_tx_rate 10");
        assertThat(host.text(nic.at("sriov_numvfs"))).isEqualTo("0\n");
    }

    /** A probe that binds nothing is a success to the kernel. */
    @Test
    void aProbeThatBindsNothingIsFoundOutAndUndone() throws Exception {
        Result result = host.run("vfio", "bind", NIC);
        assertThat(result.status()).isOne();
        assertThat(result.err()).contains("cannot be bound: the kernel has not bound it", "put back as it was");
        assertThat(host.text("sys/bus/pci/drivers/igb/unbind")).isEqualTo(NIC + "\n");
        assertThat(host.text("sys/bus/pci/drivers_probe")).isEqualTo(NIC + "\n");
        // A newline is what clears it.
        assertThat(host.text(nic.at("driver_override"))).isEqualTo("\n");
        assertThat(host.path(RECORD)).doesNotExist();
    }

    @Test
    void anOverrideThatWasThereComesBack() throws Exception {
        nic.attribute("driver_override", "igb");
        assertThat(host.run("vfio", "bind", NIC).status()).isOne();
        assertThat(host.text(nic.at("driver_override"))).isEqualTo("igb\n");
    }

    @Test
    void virtualFunctionsThatDoNotComeAreFoundOutAndUndone() throws Exception {
        Result result = host.run("sriov", "create", NIC, "2");
        assertThat(result.status()).isOne();
        assertThat(result.err()).contains("the kernel has made 0 virtual functions", "put back as it was");
        assertThat(host.text(nic.at("sriov_numvfs"))).isEqualTo("0\n");
        assertThat(host.text(nic.at("sriov_drivers_autoprobe"))).isEqualTo("1\n");
        assertThat(host.path("run/ringside/vfio/pfs/" + NIC)).doesNotExist();
    }

    @Test
    void restoreTriesTheOldDriverAndKeepsTheRecordWhenThatFails() throws Exception {
        nic.driver("vfio-pci").attribute("driver_override", "vfio-pci");
        host.file(RECORD, "driver=igb\noverride=\n");
        Result result = host.run("vfio", "restore");
        assertThat(result.status()).isOne();
        assertThat(result.err()).contains("igb has not taken it back");
        assertThat(host.text(nic.at("driver_override"))).isEqualTo("\n");
        assertThat(host.text("sys/bus/pci/drivers/vfio-pci/unbind")).isEqualTo(NIC + "\n");
        assertThat(host.text("sys/bus/pci/drivers/igb/bind")).isEqualTo(NIC + "\n");
        assertThat(host.path(RECORD)).exists();
        nic.driver("igb");
        assertThat(host.run("vfio", "restore").expectSuccess()).contains(NIC + " is as it was");
        assertThat(host.path(RECORD)).doesNotExist();
    }

    @Test
    void restoreForgetsDevicesThatAreGone() throws Exception {
        host.file("run/ringside/vfio/devices/0000:09:00.0", "driver=igb\noverride=\n");
        host.file("run/ringside/vfio/pfs/0000:09:00.0", "vfs=2\nautoprobe=1\n");
        assertThat(host.run("vfio", "status").expectSuccess()).contains("0000:09:00.0");
        assertThat(host.run("vfio", "restore").err()).contains("0000:09:00.0 is gone");
        assertThat(host.run("vfio", "status").expectSuccess()).contains("nothing is to be restored");
    }

    @Test
    void restoreLeavesVirtualFunctionsOfOthersAlone() throws Exception {
        nic.attribute("sriov_drivers_autoprobe", "0").vf(0, "0000:01:10.0", 8);
        host.file("run/ringside/vfio/pfs/" + NIC, "vfs=5\nautoprobe=1\n");
        assertThat(host.run("vfio", "restore").err()).contains("left alone");
        assertThat(host.text(nic.at("sriov_numvfs"))).isEqualTo("1\n");
        assertThat(host.path("run/ringside/vfio/pfs/" + NIC)).doesNotExist();
        // They go when asked for by name.
        assertThat(host.run("sriov", "destroy", NIC).expectSuccess()).contains("has no virtual functions");
        assertThat(host.text(nic.at("sriov_numvfs"))).isEqualTo("0\n");
    }

    @Test
    void aRecordCanDoNoHarm() throws Exception {
        nic.driver("vfio-pci").attribute("driver_override", "vfio-pci");
        host.file("victim/bind", "");
        host.file(RECORD, "driver=../../../../../victim\noverride=$(touch " + directory.resolve("pwned") + ")\n");
        assertThat(host.run("vfio", "restore").status()).isOne();
        assertThat(host.text("victim/bind")).isEmpty();
        assertThat(directory.resolve("pwned")).doesNotExist();
    }

    /** driverctl's own way: it binds, and keeps a file by which it does so after each boot. */
    @Test
    void bindingForEachBootIsDriverctls() throws Exception {
        assertThat(host.run("vfio", "bind", "--persist", NIC).err()).contains("--persist needs driverctl");
        host.program("driverctl", """
            device=sys/devices/pci0000:00/$2
            case $1 in
              set-override) driver=$3 && mkdir -p etc/driverctl.d && echo "$3" >"etc/driverctl.d/pci-$2" ;;
              unset-override) driver=igb && rm "etc/driverctl.d/pci-$2" ;;
            esac
            ln -sfn "$PWD/sys/bus/pci/drivers/$driver" "$device/driver"
            """);
        assertThat(host.run("vfio", "bind", "--persist", NIC).expectSuccess()).contains(NIC + " is bound");
        assertThat(host.text("etc/driverctl.d/pci-" + NIC)).isEqualTo("vfio-pci\n");
        assertThat(host.run("vfio", "unbind", NIC).expectSuccess()).contains(NIC + " is back: igb");
        assertThat(host.path("etc/driverctl.d/pci-" + NIC)).doesNotExist();
        assertThat(host.path(RECORD)).doesNotExist();
    }

    @Test
    void twoAtOnceTakeTurns() throws Exception {
        host.file("run/ringside/vfio/lock", "");
        Process holder = new ProcessBuilder(
                        "flock", host.path("run/ringside/vfio/lock").toString(), "sh", "-c", "echo held; cat")
                .start();
        assertThat(holder.inputReader().readLine()).isEqualTo("held");
        try (Child waiting = host.start("vfio", "restore")) {
            waiting.err().await("another of these scripts is at work: waiting");
            holder.getOutputStream().close();
            assertThat(waiting.finish().status()).isZero();
        }
        assertThat(holder.waitFor()).isZero();
    }
}
