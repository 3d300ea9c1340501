# shellcheck shell=bash
# The guest: Debian's kernel and an initramfs that holds everything a test needs, so a guest needs no disk of its own.
# The same initramfs serves User-Mode Linux, whose kernel has modules of its own. There is a second, small one without
# fio, which comes with 45 MB of libraries of Ceph and others: for guests within guests.

readonly GUEST_PROGRAMS='usr/bin/dash usr/bin/bash usr/bin/iperf3 usr/bin/sockperf usr/bin/ip usr/sbin/tc
  usr/sbin/bridge usr/sbin/ethtool usr/bin/lsblk usr/sbin/mkfs.ext4 usr/sbin/mke2fs usr/sbin/fsck.ext4 usr/sbin/e2fsck
  usr/sbin/resize2fs usr/sbin/blkdiscard usr/sbin/blockdev usr/bin/socat usr/bin/socat1 usr/bin/taskset
  usr/bin/fallocate usr/bin/mount usr/bin/umount usr/bin/setpriv usr/bin/flock usr/bin/tail usr/bin/realpath
  usr/sbin/nvme'

# What a test may want; what they depend on comes by itself. init loads what has a device, the rest is for modprobe.
readonly GUEST_MODULES='qemu_fw_cfg virtio_blk ahci sd_mod virtio_net virtio-rng virtio_balloon e1000 e1000e igb igbvf
  nvme vfio-pci vfio_iommu_type1 9p 9pnet_virtio ext4 loop dm-mod 8021q tun bridge veth'
readonly UML_MODULES='virtio_blk virtio_net virtio_console loop 8021q tun'

# tool PROGRAM...: runs one of the tree's programs by its own loader; lib/lab/wrappers.sh tells why.
tool() {
  local program=$1
  shift
  "$tree/lib64/ld-linux-x86-64.so.2" --argv0 "${program##*/}" \
    --library-path "$tree/usr/lib/x86_64-linux-gnu:$tree/usr/lib/x86_64-linux-gnu/ceph" "$tree/$program" "$@"
}

# add_programs ROOT PROGRAM...: with the libraries that they load.
add_programs() {
  local root=$1 lib=usr/lib/x86_64-linux-gnu program
  shift
  mkdir -p "$root"/usr/{bin,sbin} "$root/$lib"
  for program; do
    # A program takes the place of busybox's applet.
    rm -f "$root/usr/bin/${program##*/}"
    cp -P "$tree/$program" "$root/$program"
    "$tree/lib64/ld-linux-x86-64.so.2" --library-path "$tree/$lib:$tree/$lib/ceph" --list "$tree/$program"
  done | sed -n 's/.* => \(.*\) (0x.*/\1/p' | sort -u | xargs -d '\n' cp -Lt "$root/$lib"
}

# add_base ROOT: what every system has, and busybox under all its names.
add_base() {
  local root=$1 applet
  mkdir -p "$root"/{dev,proc,sys,run,tmp,mnt,etc,root,var,usr/{bin,sbin,lib,lib64,share}}
  ln -s usr/bin usr/sbin usr/lib usr/lib64 "$root/"
  cp "$tree/usr/lib64/ld-linux-x86-64.so.2" "$root/usr/lib64/"
  cp "$tree/usr/bin/busybox" "$root/usr/bin/"
  for applet in $("$tree/usr/bin/busybox" --list); do
    [[ $applet == busybox ]] || ln -s busybox "$root/usr/bin/$applet"
  done
  ln -sf dash "$root/usr/bin/sh"
  # Where the kernel looks for it.
  ln -s ../bin/busybox "$root/usr/sbin/modprobe"

  cp -r "$tree/usr/share/iproute2" "$root/usr/share/"
  cp "$tree/etc/mke2fs.conf" "$root/etc/"
  ln -s /proc/mounts "$root/etc/mtab"
  echo 'root:x:0:0:root:/root:/bin/bash' >"$root/etc/passwd"
  echo 'root:x:0:root' >"$root/etc/group"
  echo '127.0.0.1 localhost guest' >"$root/etc/hosts"
  echo "PS1='guest:\w\\$ '" >"$root/etc/profile"
  install -m 755 "$scripts/lib/guest-root/init" "$root/init"
  install -m 755 "$scripts/lib/guest-root/udhcpc" "$root/etc/udhcpc"
}

# add_modules ROOT BASE VERSION MODULE...: from BASE/lib/modules/VERSION, with all they depend on, unpacked:
# the guest's modprobe under emulation is slower at that than this machine.
add_modules() {
  local root=$1 base=$2 version=$3 file target
  shift 3
  mkdir -p "$root/usr/lib/modules/$version/kernel"
  cp "$base/lib/modules/$version"/modules.{builtin,builtin.modinfo,order} "$root/usr/lib/modules/$version/"
  tool usr/sbin/modprobe -d "$base" -S "$version" --show-depends -a "$@" |
    sed -n 's/^insmod \(.*\.ko[.xz]*\).*/\1/p' | sort -u |
    while read -r file; do
      target=$root/usr/lib/modules/$version/kernel/${file##*/}
      case $file in
        *.ko.xz) "$tree/usr/bin/busybox" xzcat "$file" >"${target%.xz}" ;;
        *) cp "$file" "$target" ;;
      esac
    done
  tool usr/sbin/depmod -b "$root" "$version"
}

# unpack_kernel VMLINUZ VMLINUX: the kernel proper. QEMU starts it directly (PVH), and an emulated guest is spared most
# of a second of decompression. The fields are those of Documentation/arch/x86/boot.rst.
unpack_kernel() {
  local setup_sectors offset length
  setup_sectors=$(od -An -t u1 -j 0x1f1 -N 1 "$1")
  read -r offset length < <(od -An -t u4 -j 0x248 -N 8 "$1")
  # The last 4 bytes are the unpacked size, which is no part of the zstd frame.
  dd if="$1" bs=1M iflag=skip_bytes,count_bytes status=none \
    skip=$(((setup_sectors + 1) * 512 + offset)) count=$((length - 4)) | tool usr/bin/zstd -dcq >"$2"
}

# archive ROOT: as the kernel wants it; not compressed, for unpacking takes an emulated guest longer than reading.
archive() { (cd "$1" && find . | "$tree/usr/bin/busybox" cpio -o -H newc -R 0:0 2>/dev/null); }

make_guest_image() {
  local image=$1 work=$2 root=$2/root tree=$lab/trixie
  mkdir -p "$image" "$work/uml/lib"
  cp "$tree"/boot/vmlinuz-* "$image/vmlinuz"
  unpack_kernel "$image/vmlinuz" "$image/vmlinux"

  add_base "$root"
  # shellcheck disable=SC2086 # lists of words
  {
    add_programs "$root" $GUEST_PROGRAMS
    add_modules "$root" "$tree" "$(basename "$tree"/usr/lib/modules/*)" $GUEST_MODULES
    ln -s "$lab/uml/usr/lib/uml/modules" "$work/uml/lib/modules"
    add_modules "$root" "$work/uml" "$(basename "$work"/uml/lib/modules/*)" $UML_MODULES
  }
  archive "$root" >"$image/initramfs-small"
  # A further archive adds to the first: only what that has not.
  add_programs "$work/fio" usr/bin/fio
  (cd "$work/fio" && find . -type f -exec sh -c '[ ! -e "$1/$2" ] || rm "$2"' _ "$root" {} ';')
  { cat "$image/initramfs-small" && archive "$work/fio"; } >"$image/initramfs"
}
