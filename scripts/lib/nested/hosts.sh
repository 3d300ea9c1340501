# shellcheck shell=bash
# The hosts that are played: guests of scripts/guest with more devices, in which suite.sh runs.

hosts=()
guests=()  # by a host's place in $hosts: the process id of its scripts/guest, while it runs
outputs=() # and the file descriptor of what it says

# test_hosts: as many at once as there are processors, each with its report in its turn.
test_hosts() {
  local i next=0 at_once
  at_once=$(nproc)
  for i in "${!hosts[@]}"; do
    for (( ; next < ${#hosts[@]} && next < i + at_once; next++)); do start_host "$next"; done
    report_host "$i"
  done
}

# start_host PLACE
start_host() {
  local host=${hosts[$1]} devices=() output
  local options=(--accel="$accelerator" --disk=none --machine=q35 --timeout=1500 --run="$(mount_commands)
    exec bash /ringside/scripts/lib/nested/suite.sh $host")
  [[ ! $verbose ]] || options+=(--verbose)
  describe_host "$host"
  exec {output}< <(exec setpriv --pdeathsig TERM "$scripts/guest" "${options[@]}" -- "${devices[@]}" </dev/null)
  guests[$1]=$!
  outputs[$1]=$output
}

# report_host PLACE: shows each test's line as it comes, and counts.
report_host() {
  local line status=0 output=${outputs[$1]}
  echo "== ${hosts[$1]}"
  while IFS= read -r line <&"$output"; do
    printf '%s\n' "$line"
    case $line in
      'ok   '*) passed=$((passed + 1)) ;;
      'FAIL '*) failed=$((failed + 1)) ;;
    esac
  done
  exec {output}<&-
  wait "${guests[$1]}" || status=$?
  unset "guests[$1]"
  # A test that fails has its own line; this is about those that have not come to be.
  ((status < 2)) || {
    failed=$((failed + 1))
    echo "FAIL the host ${hosts[$1]} ended with status $status before its tests did"
  }
}

# The addresses are those that suite.sh knows: buses are counted in the order of the root ports.
#   01:00.0       igb, an 82576 with 7 virtual functions, on a network of its own
#   02:00.0       NVMe with 4
#   04:01.0, 02.0 e1000 on a conventional bus, hence in one IOMMU group
# describe_host NAME: sets options and devices.
describe_host() {
  local iommu=intel-iommu,caching-mode=on
  devices=(
    -fsdev "local,id=ringside,path=${repository//,/,,},security_model=none,readonly=on"
    -device virtio-9p-pci,fsdev=ringside,mount_tag=ringside
    -fsdev "local,id=lab,path=${lab//,/,,},security_model=none,readonly=on"
    -device virtio-9p-pci,fsdev=lab,mount_tag=lab
    -device pcie-root-port,id=port1,addr=0x10,chassis=101
    -netdev user,id=net1,restrict=on,ipv6=off -device igb,bus=port1,netdev=net1,mac=52:54:00:00:01:00
  )
  case $1 in
    no-iommu) options+=(--memory=512M) && return ;;
    no-remapping)
      options+=(--memory=512M --append=intel_iommu=on)
      devices+=(-device "$iommu,intremap=off")
      return
      ;;
    whole | crashes) options+=(--memory=1G) ;;
    # For a guest in it, with the files of its QEMU.
    l2) options+=(--memory=2G) ;;
  esac
  options+=(--append=intel_iommu=on)
  truncate -s 64M "$work/nvme-$1"
  devices+=(
    -machine kernel-irqchip=split -device "$iommu,intremap=on"
    -device pcie-root-port,id=port2,addr=0x11,chassis=102
    -device nvme-subsys,id=subsystem
    -device "nvme,serial=ringside,subsys=subsystem,bus=port2,sriov_max_vfs=4,sriov_vq_flexible=8,sriov_vi_flexible=4,max_ioqpairs=10,msix_qsize=6"
    -drive "if=none,id=namespace,format=raw,file=${work//,/,,}/nvme-$1"
    -device nvme-ns,drive=namespace,nsid=1,shared=on
    -device pcie-root-port,id=port3,addr=0x12,chassis=103
    -device pcie-pci-bridge,id=bridge,bus=port3
    -netdev hubport,hubid=1,id=net2 -device e1000,bus=bridge,addr=1,netdev=net2
    -netdev hubport,hubid=2,id=net3 -device e1000,bus=bridge,addr=2,netdev=net3
  )
}

# mount_commands: for the host that is played: this repository and the lab, read-only.
mount_commands() {
  # shellcheck disable=SC2016 # its shell's words
  echo 'for tag in ringside lab; do
    mkdir /$tag
    mount -t 9p -o ro,trans=virtio,version=9p2000.L,msize=512000,cache=loose $tag /$tag || exit 9
  done'
}
