# shellcheck shell=bash
# scripts/compare in a host that is played, which has the hardware that this one may lack.

# compare_in_a_host OPTION...: prints the report.json of it. What it says on the way goes to stderr.
compare_in_a_host() {
  local java home settings words
  java=$(find_java) || exit
  home=${java%/bin/java}
  describe_host compare
  # At their own places: a distribution may keep a JDK's settings in /etc, and links that lead there in the JDK.
  share jdk "$home" "$home"
  settings=$(readlink -f "$home/conf/security/java.security")
  settings=${settings%/security/java.security}
  [[ $settings == "$home/conf" ]] || share jdk-settings "$settings" "$settings"
  printf -v words ' %q' "$home" "$@"
  options+=(--run="$mounts exec bash /ringside/scripts/lib/nested/compare.sh$words")
  # Beside this one, which so hears signals while it waits.
  setpriv --pdeathsig TERM "$scripts/guest" "${options[@]}" -- "${devices[@]}" </dev/null &
  guests=("$!")
  wait "$!"
}
