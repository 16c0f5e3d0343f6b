#!/bin/sh
# In place of initdb, which takes most of a second of a processor: what it makes of the same arguments is made once, and copied.
set -eu
bin=$(cd "$(dirname "$0")" && pwd)
data='' others='' last=''
for argument; do
  case $argument in
    # Each has a password of its own.
    --pwfile=*) exec "$bin/initdb-original" "$@" ;;
  esac
  if [ "$last" = -D ]; then data=$argument; else others="$others $argument"; fi
  last=$argument
done
program=$(dirname "$bin")
made=$program-initial-$(printf %s "$others" | cksum | tr -d ' ')
if [ ! -d "$made" ]; then
  "$bin/initdb-original" "$@" -D "$made.$$"
  # Somebody else may have been faster.
  mv -T "$made.$$" "$made" 2>/dev/null || rm -rf "$made.$$"
fi
chmod 700 "$data"
cp -R "$made/." "$data"
