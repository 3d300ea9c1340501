# shellcheck shell=bash
# The backends: started, killed without warning, started again; or asked to hand over to a new process.

declare -A victim_module=() victim_options=() victim_pid=()
kills=0
takeovers=0
pauses=()

# victim_start NAME MODULE OPTION...: a backend that listens at $work/NAME.sock.
victim_start() {
  local name=$1
  victim_module[$name]=$2
  shift 2
  victim_options[$name]=$*
  victim_launch "$name"
}

# Verbose, for the log to tell when queues run again.
victim_launch() {
  # shellcheck disable=SC2086 # a list of words
  start "the backend $1" "$work/$1.log" \
    "$scripts/${victim_module[$1]}" -v --socket-path="$work/$1.sock" ${victim_options[$1]}
  victim_pid[$1]=$started
}

victim_await_socket() { await_socket "${victim_pid[$1]}" "$work/$1.sock" "$work/$1.log"; }

# victim_stop NAME: in peace.
victim_stop() {
  stop "${victim_pid[$1]}"
  forget "${victim_pid[$1]}"
}

# kill_one: one of the present guest's backends, started again and waited for until its queues run.
kill_one() {
  local name=${victims[RANDOM % ${#victims[@]}]} killed seen deadline line
  seen=$(wc -l <"$work/$name.log")
  killed=$(milliseconds)
  kill -KILL "${victim_pid[$name]}"
  wait "${victim_pid[$name]}" 2>/dev/null || true
  kills=$((kills + 1))
  forget "${victim_pid[$name]}"
  victim_launch "$name"
  deadline=$((SECONDS + 60))
  until line=$(tail -n +$((seen + 1)) "$work/$name.log" | grep -m1 ' runs from '); do
    if ! is_alive "${victim_pid[$name]}" || ((SECONDS > deadline)); then
      complain "the backend $name does not come back"
      tail -n +$((seen + 1)) "$work/$name.log" | sed 's/^/  | /' >&2
      return
    fi
    sleep 0.02
  done
  # A guest that boots has no queues to run: what it takes to boot is no pause.
  ((SECONDS - last_reset < 20)) || add_pause $(($(milliseconds_of "${line%% *}") - killed))
}

# hand_one_over: one of the present guest's backends hands over to a new process, which is a child of its own.
hand_one_over() {
  local name=${victims[RANDOM % ${#victims[@]}]} old seen deadline=$((SECONDS + 60)) said new pause
  old=${victim_pid[$name]}
  seen=$(wc -l <"$work/$name.log")
  kill -USR2 "$old"
  while is_alive "$old" && ((SECONDS < deadline)); do sleep 0.02; done
  said=$(tail -n +$((seen + 1)) "$work/$name.log")
  new=$(sed -nE 's/.* process ([0-9]+) goes on$/\1/p' <<<"$said")
  if [[ ! $new ]] || ! is_alive "$new"; then
    complain "the backend $name is not taken over"
    sed 's/^/  | /' >&2 <<<"$said"
    return
  fi
  takeovers=$((takeovers + 1))
  pause=$(sed -nE 's/.*: handed over in ([0-9]+) ms,.*/\1/p' <<<"$said")
  sed -nE "s/.*: (handed over in .*)/$name \1/p" <<<"$said" >&2
  add_pause "$pause"
  forget "$old"
  processes+=("$new")
  process_names[$new]=${process_names[$old]}
  victim_pid[$name]=$new
}

# add_pause MILLISECONDS: negative over midnight.
add_pause() { pauses+=($(($1 < 0 ? $1 + 86400000 : $1))); }

# milliseconds, milliseconds_of HH:MM:SS.mmm: since midnight, as the log counts.
milliseconds() { milliseconds_of "$(date +%H:%M:%S.%3N)"; }
milliseconds_of() {
  local hours minutes seconds
  IFS=: read -r hours minutes seconds <<<"$1"
  echo $(((10#$hours * 60 + 10#$minutes) * 60000 + 10#${seconds%.*} * 1000 + 10#${seconds#*.}))
}

# wait_at_random MIN MAX: seconds.
wait_at_random() {
  local milliseconds=$(($1 * 1000 + ($2 - $1) * RANDOM * 1000 / 32768))
  sleep "$((milliseconds / 1000)).$(printf %03d $((milliseconds % 1000)))"
}

# forget PID: it need not be ended any more.
forget() {
  local i
  for i in "${!processes[@]}"; do
    [[ ${processes[i]} != "$1" ]] || unset "processes[$i]"
  done
}
