# Sets java_home to a JDK of $1 or newer: JAVA_HOME, then the java on the path, then the usual folders.
# Sourced by ./mvnw and ./refreshd. Leaves java_home empty if there is none.
java_major() {
  [ -x "$1/bin/java" ] || return 1
  # The file is there with nearly every JDK, and reading it is a tenth of a second faster than asking.
  if [ -r "$1/release" ]; then
    sed -n 's/^JAVA_VERSION="\([0-9]*\).*/\1/p' "$1/release"
  else
    "$1/bin/java" -XshowSettings:properties -version 2>&1 |
      sed -n 's/^ *java.specification.version = \([0-9]*\).*/\1/p'
  fi
}

find_java() {
  java_home=
  on_path=$(command -v java 2>/dev/null) && on_path=$(readlink -f "$on_path" 2>/dev/null) && on_path=${on_path%/bin/java}
  for candidate in "${JAVA_HOME-}" "${on_path-}" \
    /usr/lib/jvm/* /opt/java/* /opt/jdk* /usr/local/openjdk* \
    "${HOME-}"/.sdkman/candidates/java/* "${HOME-}"/.jdks/* \
    /Library/Java/JavaVirtualMachines/*/Contents/Home /opt/homebrew/opt/openjdk*; do
    [ -n "$candidate" ] || continue
    major=$(java_major "$candidate")
    if [ "${major:-0}" -ge "$1" ]; then
      java_home=$candidate
      return 0
    fi
  done
  return 1
}
