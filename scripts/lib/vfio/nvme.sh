# shellcheck shell=bash
# NVMe: a virtual function is a controller without queues and interrupts, and offline, until the physical one gives it some
# of its own (NVMe 1.4 §8.5, Virtualization Enhancements), by the program nvme of the package nvme-cli.

readonly NVME_QUEUES=0 NVME_INTERRUPTS=1 # kinds of resources
readonly NVME_PRIMARY=1 NVME_OFFLINE=7 NVME_ASSIGN=8 NVME_ONLINE=9

is_nvme() { class_of "$1" && [[ $REPLY == 010802 ]]; }

# nvme_device_of PF: such as /dev/nvme0.
nvme_device_of() {
  local controller
  place_of "$1" || return 1
  for controller in "$REPLY"/nvme/nvme*; do
    REPLY=/dev/${controller##*/}
    return 0
  done
  write_error="its driver shows no controller"
  return 1
}

# nvme_field TEXT NAME: a number of what nvme has said, as "NAME : NUMBER".
nvme_field() {
  [[ $1 =~ (^|$'\n')\ *$2\ *:\ *(0x[0-9a-fA-F]+|[0-9]+) ]] && REPLY=$((BASH_REMATCH[2])) && return 0
  REPLY=0
}

# own_resources PF: the flexible ones that the physical function has for itself, as "queues=8 interrupts=4".
own_resources() {
  local text queues
  nvme_device_of "$1" && text=$(nvme primary-ctrl-caps "$REPLY" 2>/dev/null) || text=
  nvme_field "$text" vqrfap
  queues=$REPLY
  nvme_field "$text" virfap
  REPLY="queues=$queues interrupts=$REPLY"
}

# set_own_resources PF QUEUES INTERRUPTS: they count from its next reset on, so reset it. Its driver holds what the host
# asks of it back meanwhile.
set_own_resources() {
  local device id tries
  nvme_device_of "$1" || return 1
  device=$REPLY
  read_line "$sys/class/nvme/${device##*/}/cntlid" || true
  id=${REPLY:-0}
  run nvme virt-mgmt "$device" -c "$id" -a $NVME_PRIMARY -r $NVME_INTERRUPTS -n "$3" &&
    run nvme virt-mgmt "$device" -c "$id" -a $NVME_PRIMARY -r $NVME_QUEUES -n "$2" &&
    write 1 "$pci/devices/$1/reset" || return 1
  [[ ! $dry_run ]] || return 0
  for ((tries = 0; tries < 100; tries++)); do
    read_line "$sys/class/nvme/${device##*/}/state" && [[ $REPLY != live ]] || return 0
    sleep 0.1
  done
  write_error="$device is not back after its reset"
  return 1
}

# release_resources PF: all that it has for itself beyond the fixed ones, for its virtual functions.
release_resources() {
  own_resources "$1"
  [[ $REPLY == 'queues=0 interrupts=0' ]] || set_own_resources "$1" 0 0
}

# take_resources_back PF: as recorded.
take_resources_back() {
  local queues
  recall pfs "$1" queues
  queues=${REPLY:-0}
  recall pfs "$1" interrupts
  ((queues + ${REPLY:-0} == 0)) || set_own_resources "$1" "$queues" "$REPLY"
}

# give_resources PF INDEX COUNT: an equal share of all, as far as one may have it, and puts the controller online.
give_resources() {
  local device capabilities id queues interrupts
  nvme_device_of "$1" || return 1
  device=$REPLY
  capabilities=$(nvme primary-ctrl-caps "$device" 2>/dev/null) || true
  share_of "$capabilities" vq "$3"
  queues=$REPLY
  share_of "$capabilities" vi "$3"
  interrupts=$REPLY
  # One for administration and one for data.
  ((queues >= 2 && interrupts >= 1)) || {
    write_error="the controller has too few queues or interrupts for $3 virtual functions"
    return 1
  }
  secondary_of "$device" $(($2 + 1)) || return 1
  id=$REPLY
  run nvme virt-mgmt "$device" -c "$id" -a $NVME_ASSIGN -r $NVME_INTERRUPTS -n "$interrupts" &&
    run nvme virt-mgmt "$device" -c "$id" -a $NVME_ASSIGN -r $NVME_QUEUES -n "$queues" &&
    run nvme virt-mgmt "$device" -c "$id" -a $NVME_ONLINE
}

# share_of CAPABILITIES PREFIX COUNT: the total divided, and the most that one may have.
share_of() {
  local share
  nvme_field "$1" "${2}frt"
  share=$((REPLY / $3))
  nvme_field "$1" "${2}frsm"
  ((share <= REPLY)) || share=$REPLY
  REPLY=$share
}

# secondary_of DEVICE NUMBER: the controller of a virtual function, which counts from 1.
secondary_of() {
  local line id=''
  while IFS= read -r line; do
    if [[ $line =~ SCID.*:\ *(0x[0-9a-f]+) ]]; then id=$((BASH_REMATCH[1])); fi
    if [[ $line =~ VFN.*:\ *(0x[0-9a-f]+) ]] && ((BASH_REMATCH[1] == $2)); then
      REPLY=$id
      return 0
    fi
  done < <(nvme list-secondary "$1" 2>/dev/null || true)
  write_error="$1 has no controller for virtual function $2"
  return 1
}

# take_offline PF INDEX: one that is offline has no resources. Not all is lost if that fails: it goes with the function.
take_offline() {
  nvme_device_of "$1" || return 0
  local device=$REPLY
  if secondary_of "$device" $(($2 + 1)); then run nvme virt-mgmt "$device" -c "$REPLY" -a $NVME_OFFLINE || true; fi
}
