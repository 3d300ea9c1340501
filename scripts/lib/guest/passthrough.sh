# shellcheck shell=bash
# Devices of this host that the guest gets, by VFIO: bound ones, and virtual functions that are lent for its lifetime.

devices=()
vfs=()

device_option() { devices+=("$1"); }
vf_option() { vfs+=("$1"); }
has_devices() { ((${#devices[@]} + ${#vfs[@]} > 0)); }

# attach_devices: each to a root port of its own, as on a real board, where the machine has such.
attach_devices() {
  local i vf pf options verdict port=
  [[ ${#vfs[@]} -eq 0 ]] || at_end+=(release_vfs)
  for vf in "${vfs[@]}"; do
    IFS=, read -r pf options <<<"$vf"
    IFS=, read -ra options <<<"$options"
    vf=$("$scripts/sriov" lend --guest=$$ "${options[@]/#/--}" "$pf") || die "no virtual function of $pf for the guest: see above"
    devices+=("$vf")
  done
  [[ ${#devices[@]} -gt 0 ]] || return 0
  verdict=$("$scripts/vfio" check --memory="$memory" "${devices[@]}") || {
    printf '%s\n' "$verdict" >&2
    die 'the guest cannot have these devices: see above'
  }
  for i in "${!devices[@]}"; do
    if [[ $machine == q35 ]]; then
      port=,bus=host$i
      qemu_arguments+=(-device "pcie-root-port,id=host$i,chassis=$((i + 1)),slot=$((i + 1))")
    fi
    qemu_arguments+=(-device "vfio-pci,host=${devices[i]}$port")
  done
}

# release_vfs: when QEMU has ended, and with it its hold.
release_vfs() {
  "$scripts/sriov" take-back --guest=$$ || say 'not all virtual functions are put back: scripts/vfio restore tries again'
}
