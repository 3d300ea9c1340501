# shellcheck shell=bash
# Starts one of the Java programs: builds it if it is missing or older than its sources, finds a JDK, becomes java.

# shellcheck source=lib/jdk.sh
source "$scripts/lib/jdk.sh"

repository=$(dirname "$scripts")

# For every program and every JVM of Ringside. The data path lives outside the heap, so a small heap and the collector
# with the smallest footprint do; no file in /tmp for each running JVM; a heap that is full is a fault to end on.
readonly JAVA_FLAGS='--enable-native-access=ALL-UNNAMED --sun-misc-unsafe-memory-access=allow
  -XX:+UseSerialGC -Xms32m -Xmx128m -XX:-UsePerfData -XX:+ExitOnOutOfMemoryError'

# launch MODULE ARGUMENT...: never returns. RINGSIDE_JAVA_OPTS adds to the flags.
launch() {
  local module=$1 java cache
  shift
  ensure_built "$module"
  java=$(find_java) || exit
  cache=$(cache_of "$module")
  # A cache of another JVM, or of a jar that has changed, is left aside without a word.
  # shellcheck disable=SC2086 # lists of words
  exec "$java" $JAVA_FLAGS "-XX:AOTCache=$cache" -Xlog:disable ${RINGSIDE_JAVA_OPTS-} -jar "$(jar_of "$module")" "$@"
}

jar_of() { echo "$repository/$1/target/$1.jar"; }

# Classes as the JVM has them in memory after a start: without them a start takes twice as long. There is code among them
# for the processor that they were made on, which the JVM runs on any other one, too (JDK 25: SIGILL).
cache_of() { echo "$repository/$1/target/$1-$(processor).aot"; }

# processor: a word for what it can do, found without any other program. In base 64 the name of a feature is a number.
processor() {
  local line word sum=0
  while read -r line; do
    [[ $line != flags* ]] || break
  done </proc/cpuinfo
  for word in $line; do
    [[ $word == *[!a-z0-9_]* ]] || sum=$((sum * 31 + 64#$word))
  done
  printf '%x\n' "$sum"
}

# is_fresh MODULE: built, and no source has changed, come or gone since.
is_fresh() {
  local jar
  jar=$(jar_of "$1")
  [[ -f $jar ]] || return
  [[ -z $(cd "$repository" && find pom.xml {"$1",virtio-core}/{pom.xml,src/main} -newer "$jar" -print -quit) ]]
}

ensure_built() {
  if [[ ${RINGSIDE_NO_BUILD-} ]]; then
    [[ -f $(jar_of "$1") ]] || die "$1 is not built, and RINGSIDE_NO_BUILD is set: run ./mvnw package"
    return
  fi
  if ! is_ready "$1"; then build_module "$1"; fi
}

# is_ready MODULE: fresh, and with a cache, or at least an attempt to make one, for this very jar.
is_ready() { is_fresh "$1" && [[ $(cache_of "$1") -nt $(jar_of "$1") ]]; }

# build_module MODULE: its output is shown only if it fails.
build_module() {
  local log='' child='' lock
  trap 'abandon_build 130' INT
  trap 'abandon_build 143' TERM HUP
  # Two launchers must not build at once; the lock is on a file that is there anyway.
  exec {lock}<"$repository/pom.xml"
  flock "$lock"
  log=$(mktemp)
  if ! is_fresh "$1"; then
    say "building $1 (when it is new or has changed)..."
    # In the background, for a trap would wait for what runs in the foreground.
    (cd "$repository" && exec ./mvnw -q -DskipTests -pl "$1" -am package) >"$log" 2>&1 </dev/null {lock}<&- &
    child=$!
    if ! wait "$child"; then
      tail -n 40 "$log" >&2
      rm "$log"
      die "$1 does not build: see above"
    fi
    # Maven leaves a jar alone that would come out the same.
    touch "$(jar_of "$1")"
  fi
  if ! is_ready "$1"; then make_cache "$1" >"$log" 2>&1 || true; fi
  rm "$log"
  exec {lock}<&-
  trap - INT TERM HUP
}

# rehearsal_of MODULE: options for a device that needs nothing of the host.
rehearsal_of() {
  case $1 in
    vhost-user-blk) echo --blk-file=null:1M ;;
    *) echo --link=echo ;;
  esac
}

# make_cache MODULE: serves a device once that nobody uses. A program that cannot do that here starts without a cache.
make_cache() {
  local module=$1 java directory tries
  java=$(find_java) || return
  directory=$(mktemp -d) || return
  rm -f "$(cache_of "$module")"
  # shellcheck disable=SC2046,SC2086 # lists of words
  "$java" $JAVA_FLAGS "-XX:AOTCacheOutput=$(cache_of "$module")" -jar "$(jar_of "$module")" \
    --socket-path="$directory/socket" $(rehearsal_of "$module") </dev/null {lock}<&- &
  child=$!
  for ((tries = 0; tries < 200; tries++)); do
    [[ ! -S $directory/socket ]] || break
    sleep 0.05
  done
  kill "$child"
  wait "$child" || true
  child=
  rm -rf "$directory"
  # An empty file is a failed attempt, not to be repeated at each start.
  [[ -f $(cache_of "$module") ]] || : >"$(cache_of "$module")"
}

abandon_build() {
  [[ -z $child ]] || kill "$child" 2>/dev/null || true
  [[ -z $log ]] || rm -f "$log"
  exit "$1"
}
