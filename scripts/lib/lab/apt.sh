# shellcheck shell=bash
# Debian packages without Debian's installer: a private apt configuration resolves and downloads, dpkg-deb unpacks.
#
# apt looks for its state in one private directory and believes that nothing is installed, so it names the whole
# closure of a package. No maintainer script runs, hence no root, no chroot, no user namespace. The host's own apt
# settings (mirror, proxy, certificates, credentials) stay in force: they are what works on that machine.

# What kernel and daemons would need to be *installed*. Nothing here is installed, so apt may take them as given.
readonly APT_GIVEN='adduser debconf dpkg init-system-helpers initramfs-tools libpam-modules libpam-modules-bin
  libpam-runtime libpam0g linux-base media-types netbase passwd python3 systemd tar tzdata udev'

# apt_mirrors: candidates for Debian's archive, best first, one a line. The host's own mirror may be the only
# reachable one; the public name serves hosts that have none, such as Ubuntu's.
apt_mirrors() {
  # shellcheck disable=SC2016 # $(...) is apt's own notation
  apt-get indextargets --format '$(REPO_URI) $(COMPONENT) $(IDENTIFIER)' 2>/dev/null |
    awk '$2 == "main" && $3 == "Packages" && $1 !~ /^cdrom:|security/ {
           print ($1 ~ /\/debian\/?$/ ? 0 : 1), $1 }' |
    sort -u | cut -d' ' -f2 | sed 's,/*$,/,'
  echo 'http://deb.debian.org/debian/'
}

# apt_keyring DIR: the key file of Debian's archive, from this host or, on a derivative, from the host's own archive.
apt_keyring() {
  local dir=$1 key
  for key in {,"$dir/keyring"}/usr/share/keyrings/debian-archive-keyring.{gpg,pgp}; do
    [[ -r $key ]] && echo "$key" && return
  done
  [[ -d $dir/keyring ]] && return 1
  mkdir "$dir/keyring"
  (cd "$dir/keyring" && apt-get download debian-archive-keyring && dpkg-deb -x ./*.deb .) >"$dir/log" 2>&1 ||
    die "Debian's archive keys not found: install the package debian-archive-keyring"
  apt_keyring "$dir"
}

# apt_prepare DIR SUITE...: makes DIR a private apt that knows SUITEs; packages named qemu* come from the last one.
apt_prepare() {
  local dir=$1 mirror key suite package
  shift
  mkdir -p "$dir"/{lists,archives}/partial
  cat >"$dir/apt.conf" <<END
Dir::State "$dir";
Dir::State::lists "$dir/lists";
Dir::State::status "$dir/status";
Dir::Cache "$dir";
Dir::Cache::archives "$dir/archives";
Dir::Etc::sourcelist "$dir/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::preferences "$dir/preferences";
Dir::Etc::preferencesparts "/dev/null";
APT::Architecture "amd64";
APT::Architectures { "amd64"; };
APT::Install-Recommends "false";
APT::Sandbox::User "";
Acquire::Languages "none";
Acquire::Retries "3";
Debug::NoLocking "true";
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear DPkg::Pre-Install-Pkgs;
END
  cat >"$dir/preferences" <<END
Package: qemu-* seabios ipxe-qemu
Pin: release n=${!#}
Pin-Priority: 900
END
  for package in $APT_GIVEN; do
    printf '%s\n' "Package: $package" 'Status: install ok installed' 'Version: 9999' 'Architecture: amd64' \
      'Multi-Arch: allowed' 'Maintainer: none' 'Description: taken as given' ''
  done >"$dir/status"

  key=$(apt_keyring "$dir")
  while read -r mirror; do
    for suite in "$@"; do
      echo "deb [arch=amd64 target=Packages signed-by=$key] $mirror $suite main"
    done >"$dir/sources.list"
    # --error-on=any would be the word, but apt of 2020 lacks it: a list that is there tells as much.
    apt_run "$dir" update && apt_has_lists "$dir" "$@" && return
  done < <(apt_mirrors)
  tail -n 3 "$dir/log" >&2
  die "no Debian mirror with $* answers: check the network, or the mirror in /etc/apt"
}

apt_run() {
  local dir=$1
  shift
  apt-get -c "$dir/apt.conf" -q "$@" >"$dir/log" 2>&1 </dev/null
}

apt_has_lists() {
  local dir=$1 suite
  shift
  for suite in "$@"; do
    compgen -G "$dir/lists/*_dists_${suite}_main_binary-amd64_Packages*" >/dev/null || return 1
  done
}

# apt_unpack DIR TREE PACKAGE...: PACKAGEs with all they depend on, unpacked into TREE.
apt_unpack() {
  local dir=$1 tree=$2 count size
  shift 2
  apt_run "$dir" install --yes --print-uris "$@" ||
    die "apt cannot resolve $*: $(grep -m1 '^E:' "$dir/log")"
  read -r count size < <(awk '/^\x27/ { n++; s += $3 } END { printf "%d %d\n", n, s / 1e6 }' "$dir/log")
  say "${tree##*/}: downloading $count packages ($size MB)"
  if [[ -t 2 ]]; then show_growth "$dir/archives" "$size" & fi
  apt_run "$dir" install --yes --download-only "$@" || {
    grep '^[EW]:' "$dir/log" | tail -n 3 >&2
    die "download failed: check the network and the free space, then run scripts/lab again"
  }
  if [[ -t 2 ]]; then
    { kill $! && wait $!; } 2>/dev/null || true
    printf '\r\e[K' >&2
  fi
  say "${tree##*/}: unpacking"
  # Debian's merged /usr: base-files would make these links, and dpkg-deb -x would replace them (hence tar).
  mkdir -p "$tree"/usr/{bin,sbin,lib,lib64}
  ln -s usr/bin usr/sbin usr/lib usr/lib64 "$tree/"
  # shellcheck disable=SC2016 # the inner shell's words
  find "$dir/archives" -name '*.deb' -print0 |
    xargs -0 -n 1 -P "$(nproc)" sh -c '
      dpkg-deb --fsys-tarfile "$2" | tar -x --keep-directory-symlink --no-same-owner -C "$1" && rm "$2"
    ' unpack "$tree" 2>"$dir/log" || {
    tail -n 3 "$dir/log" >&2
    die "unpacking failed: is there space left in $tree?"
  }
  # Read by nobody here, and a third of the files.
  rm -rf "$tree"/usr/share/{doc,man,info,locale,lintian,bash-completion,doc-base,zoneinfo}
}

# show_growth DIRECTORY TOTAL: in MB, for a reader at a terminal, as long as DIRECTORY is there.
show_growth() {
  local size
  while sleep 1 && read -r size _ < <(du -sm "$1" 2>/dev/null); do
    printf '\r  %d of %d MB ' "$size" "$2" >&2
  done
}
