# shellcheck shell=bash
# The lab's components: what they are made of, whether they are whole, how they are made.
#
# A component is a directory of the lab with a stamp in it: a hash of the recipe it was made by, and a hash over the
# names and sizes of its files. It is made aside and renamed into place, so it is there as a whole or not at all; one
# that a disk full, a kill or a hand has damaged, or that an older recipe made, is made anew.

readonly COMPONENTS='trixie bookworm uml guest bin'
readonly EXTRAS='tshark dpdk libblkio-dev tcc chromium'

is_extra() { [[ " $EXTRAS " == *" $1 "* ]]; }

# packages COMPONENT: suites, then packages. QEMU comes from the last suite (see apt_prepare).
packages() {
  case $1 in
    trixie)
      echo 'trixie trixie-backports'
      echo 'qemu-system-x86 qemu-utils qemu-block-extra linux-image-amd64 kmod zstd
        passt fio iperf3 sockperf libblkio1 nbdkit socat bubblewrap ethtool iproute2
        busybox-static dash bash coreutils util-linux mount e2fsprogs nvme-cli'
      ;;
    # The oldest QEMU that Ringside promises to serve.
    bookworm) echo 'bookworm' && echo 'qemu-system-x86 qemu-utils' ;;
    # From testing: before 6.13 it cannot run on a host whose processor has AMX.
    uml) echo 'forky' && echo 'user-mode-linux' ;;
    tshark) echo 'trixie' && echo 'tshark' ;;
    dpdk) echo 'trixie' && echo 'dpdk-dev librte-meta-net librte-meta-mempool librte-meta-bus' ;;
    libblkio-dev) echo 'trixie' && echo 'libblkio-dev' ;;
    # A browser without a screen, and a font for it.
    chromium) echo 'trixie' && echo 'chromium-headless-shell fonts-dejavu-core' ;;
    # A C compiler in one program, for hosts without: it starts no other, so the lab's loader can run it.
    tcc) echo 'trixie' && echo 'tcc libc6-dev' ;;
  esac
}

make_tree() {
  local name=$1 tree=$2 work=$3 suites wanted
  { read -r suites && read -rd '' wanted; } < <(packages "$name") || true
  # shellcheck disable=SC2086 # lists of words
  apt_prepare "$work/apt" $suites
  # shellcheck disable=SC2086
  apt_unpack "$work/apt" "$tree" $wanted
  case $name in
    # A kernel's package leaves this to its installation.
    trixie) tool usr/sbin/depmod -b "$tree" "$(basename "$tree"/usr/lib/modules/*)" ;;
    # User-Mode Linux lays out its memory by where its program ends up, and so cannot be started by naming the loader.
    uml) load_by_descriptor "$tree/usr/bin/linux.uml" ;;
    # It looks for its files beside the program that it is.
    chromium) load_by_descriptor "$tree/usr/lib/chromium/chromium-headless-shell" ;;
  esac
}

# load_by_descriptor PROGRAM: makes its interpreter a file descriptor: its wrapper opens the loader there.
load_by_descriptor() {
  local padding
  padding=$(printf '\\x0%.0s' {1..12})
  LC_ALL=C sed -i "s,/lib64/ld-linux-x86-64\.so\.2,/proc/self/fd/9$padding," "$1"
}

# recipe COMPONENT: the text that decides what the component will be. `declare -f` leaves comments out.
recipe() {
  case $1 in
    guest)
      declare -f make_guest_image add_base add_programs add_modules unpack_kernel archive
      declare -p GUEST_PROGRAMS GUEST_MODULES UML_MODULES
      cat "$scripts"/lib/guest-root/*
      cat "$lab"/{trixie,uml}/.stamp 2>/dev/null
      ;;
    bin) declare -f wrapper make_wrappers && declare -p NBDKIT_LINES CHROMIUM_LINES && trees ;;
    *) packages "$1" && declare -f make_tree load_by_descriptor apt_unpack ;;
  esac
}

# trees: the ones that are there, each extra included.
trees() {
  local name
  for name in $COMPONENTS $EXTRAS; do
    [[ ! -d $lab/$name/usr ]] || echo "$name"
  done
}

# content DIRECTORY: changes whenever a file comes, goes or changes its size or target.
content() { (cd "$1" && find . -mindepth 1 ! -type d ! -name .stamp -printf '%P %s %l\n' | LC_ALL=C sort | sha256sum); }

stamp_for() {
  recipe "$1" | sha256sum
  content "$2"
}

is_whole() { [[ -f $lab/$1/.stamp ]] && cmp -s "$lab/$1/.stamp" <(stamp_for "$1" "$lab/$1"); }

# replace_wrappers DIR: one by one, because others start programs by them meanwhile, and each is there at any moment.
replace_wrappers() {
  local wrapper
  for wrapper in "$lab"/bin/*; do
    [[ -e $1/${wrapper##*/} ]] || rm -f "$wrapper"
  done
  mv "$1"/* "$1/.stamp" "$lab/bin/"
}

# build COMPONENT: under the lock.
build() {
  local name=$1 work=$lab/.making seconds=$SECONDS
  [[ -e $lab/$name ]] && say "$name is broken or out of date: making it anew"
  rm -rf "$work"
  mkdir "$work"
  case $name in
    guest) make_guest_image "$work/$name" "$work" ;;
    bin) make_wrappers "$work/$name" ;;
    *) make_tree "$name" "$work/$name" "$work" ;;
  esac
  stamp_for "$name" "$work/$name" >"$work/$name/.stamp"
  if [[ $name == bin && -d $lab/bin ]]; then
    replace_wrappers "$work/bin"
  else
    # Whoever runs programs of the old one keeps them until they end: their files stay open.
    if [[ -e $lab/$name ]]; then mv "$lab/$name" "$work/$name.old"; fi
    mv "$work/$name" "$lab/$name"
  fi
  rm -rf "$work"
  [[ $name == bin ]] || say "$name: made in $((SECONDS - seconds)) s"
}

missing_components() {
  local name
  for name in ${extras[@]+"${extras[@]}"} $COMPONENTS; do
    is_whole "$name" || echo "$name"
  done
}

make_lab() {
  local name
  # As for the Java programs: who says so has looked, or cannot do anything about it.
  if [[ ${RINGSIDE_NO_BUILD-} && -x $lab/bin/qemu-system-x86_64 ]]; then return; fi
  # The ordinary case, without a lock: everything is there.
  [[ -z $(missing_components) ]] && return

  [[ $(uname -m) == x86_64 ]] || die "the lab's programs are for x86_64, this machine is $(uname -m)"
  need apt-get apt
  need dpkg-deb dpkg
  mkdir -p "$lab" 2>/dev/null || die "cannot make $lab: choose another place with --dir or RINGSIDE_LAB"
  [[ -w $lab ]] || die "cannot write to $lab: choose another place with --dir or RINGSIDE_LAB"
  exec {lock}>"$lab/.lock"
  flock -n "$lock" || {
    say "another scripts/lab is at work in $lab: waiting"
    flock "$lock"
  }
  trap 'rm -rf "$lab/.making"' EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM HUP
  say "making the lab in $lab (once; takes a minute or two)"
  # Asked again for each: the guest is made of trixie, the wrappers are for what is there.
  for name in ${extras[@]+"${extras[@]}"} $COMPONENTS; do
    if ! is_whole "$name"; then build "$name"; fi
  done
  trap - EXIT INT TERM HUP
  exec {lock}>&-
}

# check_lab: what a look at names and sizes cannot tell.
check_lab() {
  local program status trouble=
  for program in "$lab"/bin/*; do
    status=0
    # Whatever it makes of this; but 126 and 127 mean that it, or a library of its, is not there.
    timeout 10 "$program" --help >/dev/null 2>&1 </dev/null || status=$?
    if ((status == 126 || status == 127)); then say "$program does not run" && trouble=yes; fi
  done
  say 'booting the guest'
  RINGSIDE_LAB=$lab "$scripts/guest" --disk=none --accel=tcg --timeout=60 --run=true || trouble=yes
  [[ -z $trouble ]] || die "the lab does not work: try scripts/lab --remove, then scripts/lab"
  say 'the lab works'
}

remove_lab() {
  [[ -d $lab ]] || die "there is no lab in $lab"
  [[ -e $lab/.lock ]] || die "$lab does not look like a lab: not removed"
  rm -rf "$lab"
}
