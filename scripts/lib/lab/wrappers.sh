# shellcheck shell=bash
# DIR/bin: the lab's programs, to be called like any other.
#
# Each wrapper starts a program of a tree through that tree's own loader and libraries, so it runs on a host with other
# (older) ones, and sees the host's files and sockets under their own names. What it starts in turn is the host's.

# wrapper FILE TREE PROGRAM [LINES]: LINES of shell may change "$program", "$@" or the environment, or exec themselves.
wrapper() {
  cat >"$1" <<END
#!/bin/sh
# Made by scripts/lab.
tree=\$(dirname "\$(readlink -f "\$0")")/../$2
lib=\$tree/usr/lib/x86_64-linux-gnu
loader=\$tree/lib64/ld-linux-x86-64.so.2
program=\$tree/$3
${4-}
exec "\$loader" --argv0 "${3##*/}" --library-path "\$lib:\$lib/ceph" "\$program" "\$@"
END
  chmod +x "$1"
}

# shellcheck disable=SC2016 # the LINES are code of the wrappers
make_wrappers() {
  local bin=$1 program
  local modules='export QEMU_MODULE_DIR="$lib/qemu"'
  local firmware='set -- -L "$tree/usr/share/qemu" -L "$tree/usr/share/seabios" -L "$tree/usr/lib/ipxe/qemu" "$@"'
  mkdir "$bin"
  wrapper "$bin/qemu-system-x86_64" trixie usr/bin/qemu-system-x86_64 "$modules; $firmware"
  wrapper "$bin/qemu-system-x86_64-7.2" bookworm usr/bin/qemu-system-x86_64 "$modules; $firmware"
  for program in qemu-img qemu-io qemu-nbd; do
    wrapper "$bin/$program" trixie "usr/bin/$program" "$modules"
    wrapper "$bin/$program-7.2" bookworm "usr/bin/$program" "$modules"
  done
  wrapper "$bin/qemu-storage-daemon" trixie usr/bin/qemu-storage-daemon "$modules"
  for program in fio iperf3 sockperf socat bwrap lsblk; do
    wrapper "$bin/$program" trixie "usr/bin/$program"
  done
  for program in ethtool ip tc mkfs.ext4 e2fsck blkdiscard blockdev losetup depmod modprobe; do
    wrapper "$bin/$program" trixie "usr/sbin/$program"
  done
  wrapper "$bin/busybox" trixie usr/bin/busybox 'exec "$program" "$@"'
  # See load_by_descriptor.
  wrapper "$bin/linux.uml" uml usr/bin/linux.uml 'exec 9<"$loader"; LD_LIBRARY_PATH=$lib exec "$program" "$@"'
  # passt looks for this by its own path, which here is the loader's, and complains once.
  wrapper "$bin/passt" trixie usr/bin/passt '! grep -qw avx2 /proc/cpuinfo || program=$program.avx2'
  wrapper "$bin/nbdkit" trixie usr/bin/nbdkit "$NBDKIT_LINES"

  if [[ -d $lab/tshark ]]; then
    for program in tshark capinfos editcap; do
      wrapper "$bin/$program" tshark "usr/bin/$program" \
        'export WIRESHARK_DATA_DIR="$tree/usr/share/wireshark" WIRESHARK_PLUGIN_DIR="$lib/wireshark/plugins"'
    done
  fi
  if [[ -d $lab/chromium ]]; then
    wrapper "$bin/chromium" chromium usr/lib/chromium/chromium-headless-shell "$CHROMIUM_LINES"
  fi
  if [[ -d $lab/dpdk ]]; then
    wrapper "$bin/dpdk-testpmd" dpdk usr/bin/dpdk-testpmd 'set -- -d "$(echo "$lib"/dpdk/pmds-*)" "$@"'
  fi
}

# In one process, for others would be started without the loader; a page of ours needs no sandbox.
# shellcheck disable=SC2016
readonly CHROMIUM_LINES='export FONTCONFIG_SYSROOT="$tree"
exec 9<"$loader"
LD_LIBRARY_PATH=$lib:$lib/pulseaudio exec "$program" --no-sandbox --single-process --no-zygote --disable-gpu "$@"'

# nbdkit knows its plugins and filters by the place where they are installed; here they are named by path.
# shellcheck disable=SC2016
readonly NBDKIT_LINES='plugin=
for word; do
  shift
  case $word in
    --filter=*/*) ;;
    --filter=*) word=--filter=$lib/nbdkit/filters/nbdkit-${word#*=}-filter.so ;;
    *-plugin.so) plugin=$word ;;
    *)
      if [ -z "$plugin" ] && [ -e "$lib/nbdkit/plugins/nbdkit-$word-plugin.so" ]; then
        word=$lib/nbdkit/plugins/nbdkit-$word-plugin.so
        plugin=$word
      fi
      ;;
  esac
  set -- "$@" "$word"
done'
