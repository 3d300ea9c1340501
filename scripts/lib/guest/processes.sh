# shellcheck shell=bash
# The processes of one session: started here, watched here, ended here. None outlives the script.

processes=()
declare -A process_names=() # by process id: for messages
declare -A process_ends=()  # by process id: the command to run when it ends by itself

# start NAME LOG COMMAND...: runs COMMAND beside the script and sets $started to its process id. Its stdin is the file
# descriptor 3; its output goes to LOG, or for a LOG of - where the script's own goes. Should the script be killed
# outright, the kernel ends COMMAND.
start() {
  local name=$1 log=$2
  shift 2
  if [[ $log == - ]]; then
    setpriv --pdeathsig TERM -- "$@" <&3 &
  else
    setpriv --pdeathsig TERM -- "$@" <&3 >>"$log" 2>&1 &
  fi
  started=$!
  processes+=("$started")
  process_names[$started]=$name
}

# when_ended PID COMMAND...: what to do if the process ends by itself.
when_ended() {
  local pid=$1
  shift
  process_ends[$pid]=$*
}

is_alive() { kill -0 "$1" 2>/dev/null; }

# watch: hands each process that ends to its command, until $over.
watch() {
  local pid action
  until [[ ${over-} ]]; do
    for pid in "${!process_ends[@]}"; do
      is_alive "$pid" && continue
      action=${process_ends[$pid]}
      unset "process_ends[$pid]"
      $action
      continue 2
    done
    # Not to be told by bash, too, what somebody else killed.
    wait -n "${!process_ends[@]}" 2>/dev/null || true
  done
}

# stop PID...: asks, waits, insists.
stop() {
  local pid tries alive=("$@")
  kill -TERM "$@" 2>/dev/null || true
  for ((tries = 0; tries < 250; tries++)); do
    for pid in "${!alive[@]}"; do
      is_alive "${alive[pid]}" || unset "alive[$pid]"
    done
    [[ ${#alive[@]} -gt 0 ]] || break
    sleep 0.02
  done
  for pid in "${alive[@]}"; do
    say "${process_names[$pid]} did not end within 5 s: killed"
    kill -KILL "$pid" 2>/dev/null || true
  done
  wait "$@" 2>/dev/null || true
}

# last_lines FILE: the end of a log, for the reader of a failure.
last_lines() {
  [[ ! -s $1 ]] || tail -n 15 "$1" | sed 's/^/  | /' >&2
}
