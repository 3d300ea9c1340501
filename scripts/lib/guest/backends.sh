# shellcheck shell=bash
# What all device backends have in common: a socket that must be listened on, a log, and a guest that needs them.

readonly BACKEND_PATIENCE=30

# await_socket PID SOCKET LOG: until the backend listens. The file alone would not tell: bind comes before listen.
await_socket() {
  local deadline=$((SECONDS + BACKEND_PATIENCE))
  until is_listening "$2"; do
    if ! is_alive "$1"; then
      last_lines "$3"
      die "${process_names[$1]} ended before it was ready"
    fi
    if ((SECONDS > deadline)); then
      last_lines "$3"
      die "${process_names[$1]} does not listen after $BACKEND_PATIENCE s"
    fi
    sleep 0.02
  done
}

# is_listening SOCKET: the kernel lists a listening socket with this flag (__SO_ACCEPTCON).
is_listening() { grep -q "^[^ ]* [^ ]* [^ ]* 00010000 .* $1\$" /proc/net/unix; }

# backend_ended PID LOG
backend_ended() {
  last_lines "$2"
  die "${process_names[$1]} ended while the guest was using it: the guest is ended, too"
}
