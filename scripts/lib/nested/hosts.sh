# shellcheck shell=bash
# The hosts that are played: guests of scripts/guest with more devices, in which suite.sh or compare.sh runs.

hosts=()
guests=()  # by a host's place in $hosts: the process id of its scripts/guest, while it runs
outputs=() # and the file descriptor of what it says
options=() # of scripts/guest, for the host that is described
devices=() # QEMU's words for what it has
mounts=''  # and its own shell's words, for the directories that it shares with this one

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
  local host=${hosts[$1]} output
  describe_host "$host"
  options+=(--timeout=1500 --run="$mounts exec bash /ringside/scripts/lib/nested/suite.sh $host")
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
# and, where scripts/compare runs:
#   00:13.0       virtio-net at the other end of igb's cable
# describe_host NAME: sets options, devices and mounts.
describe_host() {
  local iommu=intel-iommu,caching-mode=on words=intel_iommu=on
  local cable=user,id=net1,restrict=on,ipv6=off
  options=(--accel="$accelerator" --disk=none --machine=q35)
  [[ ! $verbose ]] || options+=(--verbose)
  devices=() mounts=''
  share ringside "$repository" /ringside
  share lab "$lab" /lab
  [[ $1 != compare ]] || cable=hubport,hubid=3,id=net1
  devices+=(
    -device pcie-root-port,id=port1,addr=0x10,chassis=101
    -netdev "$cable" -device igb,bus=port1,netdev=net1,mac=52:54:00:00:01:00
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
    # For those of back-ends and their images, too.
    compare)
      options+=(--memory=4G --cpus=2)
      words+=' ringside.dhcp=off'
      ;;
  esac
  options+=(--append="$words")
  truncate -s 64M "$work/nvme-$1"
  devices+=(
    -machine kernel-irqchip=split -device "$iommu,intremap=on"
    -device pcie-root-port,id=port2,addr=0x11,chassis=102
    -device nvme-subsys,id=subsystem
    -device "nvme,serial=ringside,subsys=subsystem,bus=port2,sriov_max_vfs=4,sriov_vq_flexible=8,sriov_vi_flexible=4,max_ioqpairs=10,msix_qsize=6"
    -drive "if=none,id=namespace,format=raw,file=${work//,/,,}/nvme-$1"
    -device nvme-ns,drive=namespace,nsid=1,shared=on
  )
  if [[ $1 == compare ]]; then
    devices+=(-netdev hubport,hubid=3,id=net4 -device virtio-net-pci,addr=0x13,netdev=net4)
    return
  fi
  devices+=(
    -device pcie-root-port,id=port3,addr=0x12,chassis=103
    -device pcie-pci-bridge,id=bridge,bus=port3
    -netdev hubport,hubid=1,id=net2 -device e1000,bus=bridge,addr=1,netdev=net2
    -netdev hubport,hubid=2,id=net3 -device e1000,bus=bridge,addr=2,netdev=net3
  )
}

# share TAG DIRECTORY POINT: a directory of this host's, read-only, which the host that is played mounts.
share() {
  local point
  printf -v point %q "$3"
  devices+=(
    -fsdev "local,id=$1,path=${2//,/,,},security_model=none,readonly=on"
    -device "virtio-9p-pci,fsdev=$1,mount_tag=$1"
  )
  mounts+="mkdir -p $point
    mount -t 9p -o ro,trans=virtio,version=9p2000.L,msize=512000,cache=loose $1 $point || exit 9
    "
}
