# shellcheck shell=bash
# The fuzz targets: finding, building, running them, and telling what became of them.

readonly FUZZED_MODULES=(virtio-core vhost-user-blk vhost-user-net emulated-e1000)

# A run that takes longer than that for one input hangs.
readonly MAX_INPUT_SECONDS=20
readonly MAX_INPUT_BYTES=2048

# What finishing takes: writing coverage, looking for what is left over.
readonly GRACE_SECONDS=60

# all_targets: their names, which are those of their classes without "Fuzz".
all_targets() {
  local module
  for module in "${FUZZED_MODULES[@]}"; do
    find "$repository/$module/src/test/java" -name '*Fuzz.java' -printf '%f\n' | sed 's/Fuzz\.java$//' | sort
  done
}

source_of() {
  find "${FUZZED_MODULES[@]/#/$repository/}" -path '*/src/test/java/*' -name "$1Fuzz.java" -print -quit
}

# class_of TARGET: as Java calls it.
class_of() {
  local source
  source=$(source_of "$1")
  source=${source#*/src/test/java/}
  source=${source%.java}
  echo "${source//\//.}"
}

# seeds_of TARGET: the inputs that the repository keeps.
seeds_of() {
  local source
  source=$(source_of "$1")
  echo "${source%%/src/test/*}/src/test/resources/fuzz/$1"
}

fuzzer_directory() { echo "$repository/integration-tests/target/fuzzer"; }

class_path() {
  local module path=
  for module in "${FUZZED_MODULES[@]}"; do
    path+=$repository/$module/target/test-classes:$repository/$module/target/classes:
  done
  echo "$path$repository/vhost-user-blk/target/lib/*:$(fuzzer_directory)/*"
}

# live_class_path: with what verifies.
live_class_path() {
  echo "$repository/integration-tests/target/test-classes:$(class_path):$repository/integration-tests/target/lib/*"
}

# is_fuzzer_fresh: nothing has changed since the classes were compiled.
is_fuzzer_fresh() {
  [[ -f $(fuzzer_directory)/built ]] || return
  [[ -z $(cd "$repository" && find pom.xml {integration-tests,"${FUZZED_MODULES[@]}"}/pom.xml \
    "${FUZZED_MODULES[@]/%//src}" integration-tests/src -newer "$(fuzzer_directory)/built" -print -quit) ]]
}

ensure_fuzzer_built() {
  if [[ ${RINGSIDE_NO_BUILD-} ]]; then
    [[ -d $(fuzzer_directory) ]] || die 'the fuzzer is not built, and RINGSIDE_NO_BUILD is set: run ./mvnw -Pfuzz package'
    return
  fi
  is_fuzzer_fresh && return
  local lock
  # Two builds in one place spoil each other, and one of all modules takes minutes on a busy machine: who comes second
  # waits, as the launchers do with this lock, and finds it done.
  exec {lock}<"$repository/pom.xml"
  flock "$lock"
  is_fuzzer_fresh || build_fuzzer {lock}<&-
  exec {lock}<&-
}

build_fuzzer() {
  local log
  say 'building (when something is new or has changed)...'
  log=$(mktemp)
  if ! (cd "$repository" && ./mvnw -q -Pfuzz -DskipTests package) >"$log" 2>&1 </dev/null; then
    tail -n 40 "$log" >&2
    rm "$log"
    die 'the fuzz targets do not compile: see above'
  fi
  rm "$log"
  touch "$(fuzzer_directory)/built"
}

# What a target checks by, and compares with secrets: not to be learnt from.
readonly MODEL=dev.ringside.vhostuser.IommuModel

# Hooks that look for injections into databases, shells and the like: there is nothing of that kind here.
unused_hooks() {
  local prefix=com.code_intelligence.jazzer.sanitizers hooks=() hook
  for hook in Clojure Deserialization ExpressionLanguageInjection FilePathTraversal FileReadWrite LdapInjection \
    NamingContextLookup OsCommandInjection ReflectiveCall RegexInjection RegexRoadblocks ScriptEngineInjection \
    ServerSideRequestForgery SqlInjection TemplateInjection UnsafeSanitizer XPathInjection XmlParserSsrfGuidance; do
    hooks+=("$prefix.$hook")
  done
  (IFS=: && echo "${hooks[*]}")
}

# run_target TARGET: becomes the fuzzer.
run_target() {
  local directory=$corpora/$1 seeds flags=()
  mkdir -p "$directory"
  seeds=$(seeds_of "$1")
  [[ ! -d $seeds ]] || flags+=("$seeds")
  cd "$work"
  # shellcheck disable=SC2086 # a list of words
  exec timeout -k 5 $((seconds + GRACE_SECONDS)) "$java" --enable-native-access=ALL-UNNAMED \
    --sun-misc-unsafe-memory-access=allow -XX:+UseSerialGC -Xmx512m -XX:-UsePerfData -XX:+EnableDynamicAgentLoading \
    ${RINGSIDE_JAVA_OPTS-} -cp "$(class_path)" com.code_intelligence.jazzer.Jazzer \
    --target_class=dev.ringside.fuzz.FuzzDriver "--target_args=$(class_of "$1")" \
    '--instrumentation_includes=dev.ringside.**' "--instrumentation_excludes=$MODEL" "--disabled_hooks=$(unused_hooks)" \
    ${coverage:+"--coverage_dump=$work/$1.exec"} "--reproducer_path=$work" \
    ${executions:+"-runs=$executions"} ${seed:+"-seed=$seed"} \
    "-artifact_prefix=$corpora/$1-" "-max_total_time=$seconds" "-timeout=$MAX_INPUT_SECONDS" \
    "-max_len=$MAX_INPUT_BYTES" -print_final_stats=1 -close_fd_mask=0 "$directory" "${flags[@]}"
}

# await_one: until one of those that run has ended.
await_one() {
  local pid rest=()
  wait -n "${running[@]}" || true
  for pid in "${running[@]}"; do
    if kill -0 "$pid" 2>/dev/null; then rest+=("$pid"); fi
  done
  running=("${rest[@]}")
}

# report: a line for each target. Fails if one of them has found something, or has not come to its end.
report() {
  local target log runs took total=0 failed=0 edges
  for target in "${targets[@]}"; do
    log=$work/$target.log
    # Done 5000 runs in 3 second(s)
    read -r runs took < <(sed -n 's/^Done \([0-9]*\) runs in \([0-9]*\) second.*/\1 \2/p' "$log" | tail -n 1) || true
    edges=$(grep -o 'cov: [0-9]*' "$log" | tail -n 1 | sed 's/cov: //' || true)
    echo "$target executions=${runs:-0} seconds=${took:-0} edges=${edges:-0} corpus=$(find "$corpora/$target" -type f | wc -l)"
    total=$((total + ${runs:-0}))
    if [[ ! $runs ]] || grep -q '^held before' "$log"; then
      failed=1
      say "$target has found something:"
      { grep -v -e '^INFO' -e '^#' -e '# Uses' "$log" || true; } | tail -n 40 >&2
    fi
  done
  echo "all executions=$total targets=${#targets[@]}"
  return "$failed"
}
