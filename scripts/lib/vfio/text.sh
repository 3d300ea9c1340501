# shellcheck shell=bash
# Tables and paragraphs for people. A name out of sysfs never reaches the terminal as it is: it could command it.

rows=()

# printable TEXT
printable() { REPLY=${1//[[:cntrl:]]/?}; }

# row FIELD...: one line of the table.
row() {
  local field line=
  for field; do
    printable "$field"
    line+="${line:+$'\t'}${REPLY:--}"
  done
  rows+=("$line")
}

# print_table: all rows, in columns as wide as they have to be.
print_table() {
  local line i widths=() fields
  for line in "${rows[@]}"; do
    IFS=$'\t' read -ra fields <<<"$line"
    for i in "${!fields[@]}"; do
      ((${#fields[i]} <= ${widths[i]:-0})) || widths[i]=${#fields[i]}
    done
  done
  for line in "${rows[@]}"; do
    IFS=$'\t' read -ra fields <<<"$line"
    for ((i = 0; i < ${#fields[@]} - 1; i++)); do printf '%-*s  ' "${widths[i]}" "${fields[i]}"; done
    printf '%s\n' "${fields[i]}"
  done
  rows=()
}

# paragraph TEXT: folded and indented.
paragraph() {
  printable "$1"
  fold -s -w 100 <<<"$REPLY" | while IFS= read -r line; do printf '  %s\n' "$line"; done
}
