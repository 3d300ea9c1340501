# shellcheck shell=bash
# NICs: a backend for each, and the QEMU device that is its front-end.

nets=()

# net_option [e1000,]LINK[,KEY=VALUE...]: a further --net.
net_option() {
  case $1 in
    none) nets=(none) ;;
    *)
      [[ ${nets[*]} != none ]] || nets=()
      nets+=("${1:-user}")
      ;;
  esac
}

# net_modules: the programs that the NICs need, for the build.
net_modules() {
  local net
  for net in "${nets[@]}"; do
    case $net in
      none) ;;
      e1000*) echo emulated-e1000 ;;
      *) echo vhost-user-net ;;
    esac
  done | sort -u
}

start_nets() {
  local i backends=() nic
  [[ ${nets[*]} != none ]] || nets=()
  # The lab's passt, for --net=user.
  [[ ${#nets[@]} -eq 0 ]] || export PATH=$lab/bin:$PATH
  for i in "${!nets[@]}"; do
    nic=${nets[i]}
    if [[ $nic == e1000* ]]; then
      qemu_has_vfio_user || die "--net=e1000 needs QEMU 10.1 or newer, and $qemu is $qemu_version"
      nic=${nic#e1000}
      nic=${nic#,}
      start "the backend of NIC $i (${nets[i]})" "$work/net$i.log" \
        "$scripts/emulated-e1000" --device="socket-path=$work/net$i.sock,link=${nic:-user}"
      # shellcheck disable=SC2054 # the commas are QEMU's
      qemu_arguments+=(
        -device "{\"driver\":\"vfio-user-pci\",\"socket\":{\"type\":\"unix\",\"path\":\"$work/net$i.sock\"}}"
      )
    else
      start "the backend of NIC $i ($nic)" "$work/net$i.log" \
        "$scripts/vhost-user-net" --device="socket-path=$work/net$i.sock,link=$nic"
      qemu_arguments+=(
        -chardev "socket,id=net$i,path=$work/net$i.sock"
        -netdev "vhost-user,id=nic$i,chardev=net$i"
        -device "virtio-net-pci,netdev=nic$i,packed=$packed"
      )
    fi
    backends+=("$started")
    show_log "net$i" "$work/net$i.log"
  done
  for i in "${!nets[@]}"; do
    await_socket "${backends[i]}" "$work/net$i.sock" "$work/net$i.log"
    when_ended "${backends[i]}" backend_ended "${backends[i]}" "$work/net$i.log"
  done
}
