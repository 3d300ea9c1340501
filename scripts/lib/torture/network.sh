# shellcheck shell=bash
# A network that nobody else is on: a namespace with TAPs that outlive the backends, and programs to talk to.

# enter_network ARGUMENT...: the script begins anew in a namespace of its own.
enter_network() {
  local options=(--net)
  need unshare util-linux
  [[ -e /dev/net/tun ]] || die 'no /dev/net/tun: load the module tun, or use --no-net'
  ((EUID == 0)) || options+=(--user --map-root-user)
  unshare "${options[@]}" true 2>/dev/null ||
    die 'no network namespace to be had: run as root, allow user namespaces, or use --no-net'
  exec unshare "${options[@]}" "$0" "$@"
}

# make_network: two TAPs on one bridge, with this end of it at 10.77.0.1; a file to fetch at port 7008, and one that
# answers with the sum of what it is sent at port 7007.
make_network() {
  local ip=$lab/bin/ip i
  {
    "$ip" link set lo up &&
      "$ip" link add br0 address 52:54:00:77:00:01 type bridge forward_delay 0 &&
      "$ip" address add 10.77.0.1/24 dev br0 &&
      "$ip" link set br0 up &&
      "$ip" neighbour replace 10.77.0.2 lladdr 52:54:00:77:00:02 dev br0 nud permanent
  } 2>"$work/network.log" || die "no bridge to be had: $(<"$work/network.log")"
  for i in 0 1; do
    {
      "$ip" tuntap add dev "tap$i" mode tap vnet_hdr &&
        "$ip" link set "tap$i" master br0 &&
        "$ip" link set "tap$i" up
    } 2>"$work/network.log" || die "no TAP to be had: $(<"$work/network.log")"
  done
  head -c 3000000 /dev/urandom >"$work/served"
  trap 'end_transfers; close_session' EXIT
  start 'the receiver' "$work/network.log" "$lab/bin/socat" -t 60 TCP-LISTEN:7007,fork,reuseaddr EXEC:sha256sum
  transfers=("$started")
  start 'the sender' "$work/network.log" "$lab/bin/socat" -U TCP-LISTEN:7008,fork,reuseaddr "FILE:$work/served,rdonly"
  transfers+=("$started")
}

# end_transfers: each has a process of its own, which would wait for a guest that is gone.
end_transfers() {
  local server child
  for server in "${transfers[@]}"; do
    # It may have no more of them meanwhile.
    kill -STOP "$server" 2>/dev/null || continue
    for child in $(cat "/proc/$server/task/$server/children" 2>/dev/null); do
      kill -KILL "$child" 2>/dev/null || true
    done
    kill -KILL "$server" 2>/dev/null || true
    wait "$server" 2>/dev/null || true
  done
}
