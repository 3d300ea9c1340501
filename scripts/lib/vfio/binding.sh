# shellcheck shell=bash
# Giving devices to vfio-pci and back. By driver_override, which concerns one device; a new_id would take all of its kind.

# bind_device ADDRESS
bind_device() {
  local address=$1 driver override
  driver_of "$address" || true
  driver=$REPLY
  if [[ $driver == vfio-pci ]]; then
    say "$address is bound to vfio-pci already"
    return 0
  fi
  override_of "$address" || true
  override=$REPLY
  # One of vfio-pci without the driver is nobody's wish, but left behind.
  [[ $override != vfio-pci ]] || override=
  remember devices "$address" "driver=$driver" "override=$override"
  if [[ ${persist-} ]]; then
    run driverctl set-override "$address" vfio-pci
  else
    write vfio-pci "$pci/devices/$address/driver_override" &&
      { [[ -z $driver ]] || write "$address" "$pci/drivers/$driver/unbind"; } &&
      write "$address" "$pci/drivers_probe"
  fi || return 1
  [[ ! $dry_run ]] || return 0
  # The kernel calls a probe a success when no driver has taken the device.
  driver_of "$address" && [[ $REPLY == vfio-pci ]] || {
    write_error="the kernel has not bound it, and does not say why: see the end of dmesg"
    return 1
  }
}

# give_back ADDRESS: as it was before it was bound, or if nothing is known of that, to whichever driver wants it.
give_back() {
  local address=$1 driver='' override='' now known=
  if is_remembered devices "$address"; then
    known=yes
    recall devices "$address" driver
    driver=$REPLY
    recall devices "$address" override
    override=$REPLY
  fi
  if [[ -e $host_root/etc/driverctl.d/pci-$address ]]; then run driverctl unset-override "$address" || return 1; fi
  driver_of "$address" || true
  now=$REPLY
  override_of "$address" || true
  if [[ $REPLY != "$override" ]]; then
    write "$override" "$pci/devices/$address/driver_override" || return 1
  fi
  if [[ $known && $now == "$driver" ]]; then
    forget devices "$address"
    return 0
  fi
  if [[ $now && ($known || $now == vfio-pci) ]]; then
    write "$address" "$pci/drivers/$now/unbind" || return 1
    now=
  fi
  if [[ $driver ]]; then
    write "$address" "$pci/drivers/$driver/bind" || write "$address" "$pci/drivers_probe" || return 1
  elif [[ ! $known && ! $now ]]; then
    write "$address" "$pci/drivers_probe" || return 1
  fi
  if [[ $driver && ! $dry_run ]]; then
    driver_of "$address" && [[ $REPLY == "$driver" ]] || {
      write_error="$driver has not taken it back: see the end of dmesg, and whether the module is loaded"
      return 1
    }
  fi
  forget devices "$address"
}

# unload_modules: those that were loaded for a device, when no device has them any more.
unload_modules() {
  local module left=("$pci"/drivers/vfio-pci/*:*)
  remembered devices
  [[ ${#ANSWERS[@]} -eq 0 && ${#left[@]} -eq 0 ]] || return 0
  remembered modules
  # Those that others stand on last.
  for module in "${ANSWERS[@]}"; do
    if [[ -d $sys/module/${module//-/_} ]]; then run modprobe -r "$module" || true; fi
    forget modules "$module"
  done
}
