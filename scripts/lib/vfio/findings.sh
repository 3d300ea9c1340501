# shellcheck shell=bash
# What stands in the way, each with a name for programs and a paragraph for people: the cause and the way out.
#
#   refuse   cannot work, or would break something
#   force    would hurt the host; --force takes the user's word that it may
#   warn     worth knowing
#
# Everything is found out before anything is touched.

finding_levels=()
finding_names=()
finding_texts=()

# finding LEVEL NAME TEXT
finding() {
  finding_levels+=("$1")
  finding_names+=("$2")
  finding_texts+=("$3")
}

forget_findings() {
  finding_levels=()
  finding_names=()
  finding_texts=()
}

# obstacles: the names of what is in the way, given --force or not.
obstacles() {
  local i
  ANSWERS=()
  for i in "${!finding_names[@]}"; do
    case ${finding_levels[i]} in
      warn) ;;
      force) [[ ${force-} ]] || ANSWERS+=("${finding_names[i]}") ;;
      *) ANSWERS+=("${finding_names[i]}") ;;
    esac
  done
}

is_clear() {
  obstacles
  [[ ${#ANSWERS[@]} -eq 0 ]]
}

# print_findings: all of them, or for an argument of warn those only.
print_findings() {
  local i level
  for i in "${!finding_names[@]}"; do
    level=${finding_levels[i]}
    [[ ${1:-$level} == "$level" ]] || continue
    case $level in
      warn) level=' (a warning)' ;;
      force) if [[ ${force-} ]]; then level=' (overridden by --force)'; else level=' (--force overrides)'; fi ;;
      *) level= ;;
    esac
    printf '%s%s\n' "${finding_names[i]}" "$level"
    paragraph "${finding_texts[i]}"
  done
}

# json_findings NAME: adds a field with all of them.
json_findings() {
  local i saved=$json_fields objects=()
  for i in "${!finding_names[@]}"; do
    json_fields=
    json_text name "${finding_names[i]}"
    json_text level "${finding_levels[i]}"
    json_text text "${finding_texts[i]}"
    json_object
    objects+=("$REPLY")
  done
  json_fields=$saved
  json_list "$1" "${objects[@]}"
}

# refuse_unless_clear WHAT: explains on stderr and ends the script, before anything has been touched.
refuse_unless_clear() {
  if is_clear; then
    print_findings warn >&2
    return 0
  fi
  listed "${ANSWERS[@]}"
  say "$1: refused ($REPLY); nothing has been changed"
  print_findings >&2
  exit 1
}
