# shellcheck shell=bash
# What devices are called: by the list that distributions install for lspci, where it is there, else by class and numbers.

declare -A pci_names=() # by vendor, as 8086, and by vendor and device, as 8086:10c9

# learn_names IDS...: reads the list once for all.
learn_names() {
  local file line vendor='' ids
  local -A wanted=()
  for ids; do wanted["${ids%:*}"]=yes wanted["$ids"]=yes; done
  for file in "$host_root"/usr/share/{misc,hwdata}/pci.ids; do
    [[ -r $file ]] || continue
    while IFS= read -r line; do
      case $line in
        $'\t\t'* | '#'* | '') ;;
        $'\t'*)
          ids=$vendor:${line:1:4}
          if [[ ${wanted[$ids]-} ]]; then pci_names[$ids]=${line:7}; fi
          ;;
        'C '*) break ;;
        *)
          vendor=${line:0:4}
          if [[ ${wanted[$vendor]-} ]]; then pci_names[$vendor]=${line:6}; else vendor=; fi
          ;;
      esac
    done <"$file"
    return 0
  done
}

# name_of ADDRESS: for people.
name_of() {
  local ids vendor kind
  ids_of "$1" || true
  ids=${REPLY:-unknown}
  vendor=${pci_names[${ids%:*}]-}
  if [[ ${pci_names[$ids]-} ]]; then
    REPLY="$vendor ${pci_names[$ids]}"
    return 0
  fi
  class_of "$1" || true
  case $REPLY in
    0108*) kind='NVMe controller' ;;
    01*) kind='storage controller' ;;
    02*) kind='network controller' ;;
    03*) kind='display controller' ;;
    04*) kind='multimedia controller' ;;
    06*) kind='bridge' ;;
    0c03*) kind='USB controller' ;;
    12*) kind='accelerator' ;;
    *) kind='device' ;;
  esac
  REPLY="${vendor:+$vendor }$kind $ids"
}
