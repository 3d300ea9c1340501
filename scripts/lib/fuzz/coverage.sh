# shellcheck shell=bash
# What share of the code that reads hostile bytes was reached.

readonly PARSING_PACKAGES='memory queue vhostuser channel link blk storage.nbd net vfiouser pci e1000'

# report_coverage: a line for each package.
report_coverage() {
  local module dumps classes=()
  dumps=("$work"/*.exec)
  [[ -f ${dumps[0]} ]] || die 'no coverage was recorded'
  for module in "${FUZZED_MODULES[@]}"; do classes+=(--classfiles "$repository/$module/target/classes"); done
  "$java" -jar "$(fuzzer_directory)"/org.jacoco.cli-*-nodeps.jar report "${dumps[@]}" "${classes[@]}" \
    --csv "$work/coverage.csv" >"$work/jacoco.log" 2>&1 || die "no report of coverage: $(tail -n 1 "$work/jacoco.log")"
  # GROUP,PACKAGE,CLASS,INSTRUCTION_MISSED,INSTRUCTION_COVERED,BRANCH_MISSED,BRANCH_COVERED,LINE_MISSED,LINE_COVERED,...
  awk -F, -v wanted="$PARSING_PACKAGES" '
    BEGIN { count = split(wanted, names, " ") }
    {
      for (i = 1; i <= count; i++) {
        tail = "." names[i]
        if (substr($2, length($2) - length(tail) + 1) == tail) {
          branches[i] += $6 + $7; branchesHit[i] += $7; lines[i] += $8 + $9; linesHit[i] += $9
        }
      }
    }
    END {
      for (i = 1; i <= count; i++) if (lines[i])
        printf "coverage %s lines=%d%% branches=%d%%\n", names[i], 100 * linesHit[i] / lines[i],
          branches[i] ? 100 * branchesHit[i] / branches[i] : 100
    }' "$work/coverage.csv"
}
