# shellcheck shell=bash
# Disks: a vhost-user-blk backend for each, and the QEMU device that is its front-end.

disks=(scratch)

# disk_option FILE[,KEY=VALUE...]: a further --disk; the first one replaces the scratch disk. What is no file, such as
# null:1G, and what the options say is the backend's to check.
disk_option() {
  local file=${1%%,*} options=${1#"${1%%,*}"}
  [[ ${disks[*]} != scratch ]] || disks=()
  [[ $1 != none ]] || return 0
  if [[ $file != *:* || -e $file ]]; then
    [[ -e $file ]] || die "no disk image $file: make one with truncate -s 1G $file"
    [[ -f $file || -b $file ]] || die "disk $file is neither a file nor a block device"
    [[ -r $file ]] || die "disk $file is not readable for $(id -un)"
    file=$(realpath -- "$file")
  fi
  disks+=("${file//,/,,}$options")
}

# start_disks: all backends at once, for each takes a JVM's start-up.
start_disks() {
  local i backends=()
  if [[ ${disks[*]} == scratch ]]; then
    truncate -s 1G "$work/scratch"
    disks=("$work/scratch")
  fi
  for i in "${!disks[@]}"; do
    start "the backend of disk $i (${disks[i]})" "$work/disk$i.log" \
      "$scripts/vhost-user-blk" --device="socket-path=$work/disk$i.sock,blk-file=${disks[i]}"
    backends+=("$started")
    show_log "disk$i" "$work/disk$i.log"
  done
  for i in "${!disks[@]}"; do
    await_socket "${backends[i]}" "$work/disk$i.sock" "$work/disk$i.log"
    when_ended "${backends[i]}" backend_ended "${backends[i]}" "$work/disk$i.log"
    qemu_arguments+=(
      -chardev "socket,id=disk$i,path=$work/disk$i.sock"
      -device "vhost-user-blk-pci,chardev=disk$i,num-queues=$cpus,packed=$packed"
    )
  done
}
