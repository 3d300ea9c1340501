# shellcheck shell=bash
# The virtual machine itself: which QEMU, which accelerator, and the part of its command line that is always there.

small=  # with the initramfs that has no fio
append= # further words for the kernel

# choose_qemu: the lab's, or the user's own.
choose_qemu() {
  if [[ -z $qemu ]]; then
    qemu=$lab/bin/qemu-system-x86_64
  else
    command -v -- "$qemu" >/dev/null || die "no QEMU program $qemu: give --qemu its path"
  fi
  qemu_version=$("$qemu" --version 2>&1) || die "$qemu does not run: ${qemu_version%%$'\n'*}"
  qemu_version=$(sed -n 's/^QEMU emulator version \([0-9]*\.[0-9]*\).*/\1/p' <<<"$qemu_version")
  [[ -n $qemu_version ]] || die "$qemu is not a QEMU system emulator"
  if [[ $verbose ]]; then
    say "QEMU $qemu_version ($qemu)"
    qemu_has_vfio_user || say "this QEMU is older than 10.1: no vfio-user devices"
  fi
}

qemu_has_vfio_user() { printf '%s\n' 10.1 "$qemu_version" | sort -VC; }

# set_machine_arguments ACCELERATOR KERNEL-WORDS: sets $machine_arguments. Guest memory is a shared memfd: a backend can
# map nothing else. What hardens a kernel, and a CPU with fast string instructions, is slow to emulate.
set_machine_arguments() {
  local cpu=Nehalem words='panic=-1 mitigations=off nopti no_timer_check init_on_alloc=0 rodata=off'
  [[ $1 == kvm ]] && cpu=host
  machine_arguments=(
    -nodefaults -no-user-config -display none
    -machine "$machine,accel=$1,memory-backend=memory" -cpu "$cpu" -smp "$cpus" -m "$memory"
    -object "memory-backend-memfd,id=memory,size=$memory,share=on"
    -kernel "$lab/guest/vmlinux" -initrd "$lab/guest/initramfs${small:+-small}" -append "console=ttyS0 $words $2 $append"
  )
}

# set_run_arguments DIRECTORY COMMAND: sets $run_arguments: COMMAND goes in by fw_cfg; stdout, stderr and status come
# out by virtio-serial ports into files of DIRECTORY. Without ioeventfd a guest's write is in the file when it returns,
# so nothing is on its way any more when the status arrives.
set_run_arguments() {
  local port
  printf '%s' "$2" >"$1/command"
  # shellcheck disable=SC2054 # the commas are QEMU's
  run_arguments=(
    -no-reboot -serial "file:$1/console" -fw_cfg "name=opt/ringside/run,file=$1/command"
    -device virtio-serial-pci,ioeventfd=off
  )
  for port in out err status; do
    : >"$1/$port"
    run_arguments+=(-chardev "file,id=$port,path=$1/$port" -device "virtserialport,chardev=$port,name=ringside.$port")
  done
}

# choose_accelerator: --accel=auto believes in KVM only when a guest has answered under it: nested machines may offer a
# /dev/kvm that opens, and then hangs. The answer is good until the next boot.
choose_accelerator() {
  local memo key
  [[ $accelerator == auto ]] || return 0
  accelerator=tcg
  [[ -r /dev/kvm && -w /dev/kvm ]] || return 0
  memo=$(cache_directory)/accelerator
  key="$(</proc/sys/kernel/random/boot_id) $qemu"
  if [[ -r $memo ]] && accelerator=$(sed -n "s|^$key ||p" "$memo" | tail -n 1) && [[ -n $accelerator ]]; then
    return 0
  fi
  say "trying KVM (once)"
  accelerator=tcg
  if kvm_works; then accelerator=kvm; else say "KVM is there but no guest boots: using emulation"; fi
  { mkdir -p "${memo%/*}" && echo "$key $accelerator" >>"$memo"; } 2>/dev/null || true
}

kvm_works() {
  local probe=$work/probe pid tries
  mkdir "$probe"
  set_machine_arguments kvm quiet
  set_run_arguments "$probe" 'echo hello'
  start 'the KVM probe' "$probe/log" "$qemu" "${machine_arguments[@]}" "${run_arguments[@]}"
  pid=$started
  for ((tries = 0; tries < 100; tries++)); do
    is_alive "$pid" || break
    sleep 0.1
  done
  stop "$pid"
  [[ $(<"$probe/out") == hello ]]
}
