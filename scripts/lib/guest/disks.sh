# shellcheck shell=bash
# Disks: a vhost-user-blk backend for each, and the QEMU device that is its front-end.

disks=(scratch)

# disk_option FILE: a further --disk; the first one replaces the scratch disk.
disk_option() {
  [[ ${disks[*]} != scratch ]] || disks=()
  [[ $1 != none ]] || return 0
  [[ -e $1 ]] || die "no disk image $1: make one with truncate -s 1G $1"
  [[ -f $1 || -b $1 ]] || die "disk $1 is neither a file nor a block device"
  [[ -r $1 && -w $1 ]] || die "disk $1 is not readable and writable for $(id -un)"
  disks+=("$(realpath -- "$1")")
}

# start_disks: all backends at once, for each takes a JVM's start-up.
start_disks() {
  local i backends=()
  if [[ ${disks[*]} == scratch ]]; then
    truncate -s 1G "$work/scratch"
    disks=("$work/scratch")
  fi
  for i in "${!disks[@]}"; do
    start "the backend of disk $i (${disks[i]##*/})" "$work/disk$i.log" \
      "$scripts/vhost-user-blk" --socket-path="$work/disk$i.sock" --blk-file="${disks[i]}"
    backends+=("$started")
    show_log "disk$i" "$work/disk$i.log"
  done
  for i in "${!disks[@]}"; do
    await_socket "${backends[i]}" "$work/disk$i.sock" "$work/disk$i.log"
    when_ended "${backends[i]}" backend_ended "${backends[i]}" "$work/disk$i.log"
    qemu_arguments+=(
      -chardev "socket,id=disk$i,path=$work/disk$i.sock"
      -device "vhost-user-blk-pci,chardev=disk$i,num-queues=$cpus"
    )
  done
}
