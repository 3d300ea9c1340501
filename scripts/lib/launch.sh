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
  local module=$1 java
  shift
  ensure_built "$module"
  java=$(find_java) || exit
  # shellcheck disable=SC2086 # lists of words
  exec "$java" $JAVA_FLAGS ${RINGSIDE_JAVA_OPTS-} -jar "$(jar_of "$module")" "$@"
}

jar_of() { echo "$repository/$1/target/$1.jar"; }

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
  if ! is_fresh "$1"; then build_module "$1"; fi
}

# build_module MODULE: its output is shown only if it fails.
build_module() {
  local log='' maven='' lock
  trap 'abandon_build 130' INT
  trap 'abandon_build 143' TERM HUP
  # Two launchers must not build at once; the lock is on a file that is there anyway.
  exec {lock}<"$repository/pom.xml"
  flock "$lock"
  if ! is_fresh "$1"; then
    say "building $1 (when it is new or has changed)..."
    log=$(mktemp)
    # In the background, for a trap would wait for what runs in the foreground.
    (cd "$repository" && exec ./mvnw -q -DskipTests -pl "$1" -am package) >"$log" 2>&1 </dev/null {lock}<&- &
    maven=$!
    if ! wait "$maven"; then
      tail -n 40 "$log" >&2
      rm "$log"
      die "$1 does not build: see above"
    fi
    rm "$log"
    # Maven leaves a jar alone that would come out the same.
    touch "$(jar_of "$1")"
  fi
  exec {lock}<&-
  trap - INT TERM HUP
}

abandon_build() {
  [[ -z $maven ]] || kill "$maven" 2>/dev/null || true
  [[ -z $log ]] || rm -f "$log"
  exit "$1"
}
