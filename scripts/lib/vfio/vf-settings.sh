# shellcheck shell=bash
# What a NIC's physical function lets its virtual ones do. Set by iproute2, and read from what it shows.

settings_asked=
mac_asked='' vlan='' trust='' spoofchk='' rate=''

# setting_option NAME VALUE: one of sriov create's options.
setting_option() {
  settings_asked=yes
  case $1 in
    mac)
      [[ ${2,,} =~ ^[0-9a-f][02468ace](:[0-9a-f]{2}){5}$ && $2 != 00:00:00:00:00:00 ]] ||
        usage_error "--mac=$2 is not the address of one station, such as 52:54:00:00:00:01"
      mac_asked=${2,,}
      ;;
    vlan)
      [[ $2 =~ ^(0|[1-9][0-9]{0,3})$ ]] && (($2 < 4095)) || usage_error "--vlan=$2 is not a number from 0 (none) to 4094"
      vlan=$2
      ;;
    trust | spoofchk)
      [[ $2 == on || $2 == off ]] || usage_error "--$1=$2 is neither on nor off"
      printf -v "$1" %s "$2"
      ;;
    rate)
      [[ $2 =~ ^(0|[1-9][0-9]{0,6})$ ]] || usage_error "--rate=$2 is not a number of Mbit/s (0 for no limit)"
      rate=$2
      ;;
  esac
}

# set_vf NET INDEX: one command for all, for a driver may refuse one without the other.
set_vf() {
  local words=()
  mac_for "$1" "$2"
  [[ ! $REPLY ]] || words+=(mac "$REPLY")
  [[ ! $vlan ]] || words+=(vlan "$vlan")
  [[ ! $trust ]] || words+=(trust "$trust")
  [[ ! $spoofchk ]] || words+=(spoofchk "$spoofchk")
  [[ ! $rate ]] || words+=(max_tx_rate "$rate")
  [[ ${#words[@]} -eq 0 ]] || run ip link set dev "$1" vf "$2" "${words[@]}"
}

# await_link NET: making virtual functions resets many a NIC, and a rate is refused while its speed is not known.
await_link() {
  local tries
  [[ ! $dry_run ]] || return 0
  for ((tries = 0; tries < 50; tries++)); do
    if read_line "$sys/class/net/$1/carrier" && [[ $REPLY == 1 ]]; then return 0; fi
    sleep 0.1
  done
}

# mac_for NET INDEX: the one asked for, counted up. If none is, then for a virtual function without an address one that
# is the same after each boot: the physical one's, made a local one, counted up.
mac_for() {
  local base=$mac_asked low
  if [[ ! $base ]]; then
    if vf_line "$1" "$2" && [[ $REPLY != *00:00:00:00:00:00* ]]; then REPLY='' && return 0; fi
    read_line "$sys/class/net/$1/address" && [[ $REPLY =~ ^([0-9a-f]{2}):(([0-9a-f]{2}:){4}[0-9a-f]{2})$ ]] ||
      { REPLY='' && return 0; }
    printf -v base '%02x:%s' $(((0x${BASH_REMATCH[1]} | 2) ^ 8)) "${BASH_REMATCH[2]}"
    low=1
  fi
  # Within the maker's half of the address.
  low=$(((0x${base:9:2}${base:12:2}${base:15:2} + ${low:-0} + $2) & 0xffffff))
  printf -v REPLY '%s:%02x:%02x:%02x' "${base:0:8}" $((low >> 16)) $((low >> 8 & 255)) $((low & 255))
}

# vf_line NET INDEX: what ip shows of a virtual function, as "link/ether 52:54:... vlan 5, spoof checking on, ...".
vf_line() {
  local line
  while IFS= read -r line; do
    if [[ $line =~ ^\ +vf\ $2\ +(.*)$ ]]; then
      REPLY=${BASH_REMATCH[1]/ brd ff:ff:ff:ff:ff:ff/}
      return 0
    fi
  done < <(ip link show dev "$1" 2>/dev/null || true)
  REPLY=
  return 1
}
