# shellcheck shell=bash
# Finds a Java that can run Ringside, whatever the default `java` is.

readonly JAVA_NEEDED=25

# java_major HOME: the feature release of the Java in HOME, from its release file: no JVM is started to ask.
java_major() { sed -n 's/^JAVA_VERSION="\([0-9]*\).*/\1/p' "$1/release" 2>/dev/null || true; }

# find_java: the path of a java that is new enough. The user's choice first, then where distributions, SDKMAN, IDEs and
# people put them.
find_java() {
  local on_path home major
  on_path=$(readlink -f "$(command -v java || true)" || true)
  for home in "${JAVA_HOME-}" "${on_path%/bin/java}" /usr/lib/jvm/* /usr/java/* /opt/java/* /opt/*jdk* \
    "${HOME-}"/.sdkman/candidates/java/* "${HOME-}"/.jdks/* "${HOME-}"/.local/share/mise/installs/java/*; do
    [[ -n $home && -x $home/bin/java ]] || continue
    major=$(java_major "$home")
    if ((${major:-0} >= JAVA_NEEDED)); then
      echo "$home/bin/java"
      return
    fi
  done
  say "no JDK $JAVA_NEEDED or newer in JAVA_HOME, on the PATH or under /usr/lib/jvm. Install one:
  Debian 13, Ubuntu   apt install openjdk-$JAVA_NEEDED-jdk-headless
  Fedora              dnf install java-$JAVA_NEEDED-openjdk-devel
  anywhere            unpack Temurin $JAVA_NEEDED from https://adoptium.net under ~/.jdks, or point JAVA_HOME at it"
  exit "$failure_status"
}
