#!/usr/bin/env bash
# Brings up an exchange of its own (database, server, keys) with the given program, runs a command
# beside it and takes everything down again.
#   with_exchange.sh LEADEX COMMAND [ARGUMENT...]
# The command sees LEADEX_VAR, LEADEX_PORT and the server's own settings.
set -euo pipefail
repo=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
leadex=$1
shift
LEADEX_VAR=$(mktemp -d "${TMPDIR:-/tmp}/leadex-e2e.XXXXXXXX")
LEADEX_PORT=$((20000 + RANDOM % 10000))
export LEADEX_VAR LEADEX_PORT

finish() {
  local status=$?
  trap - EXIT
  if [ "$status" -ne 0 ] && [ "$status" -ne 77 ]; then
    for log in "$LEADEX_VAR"/log/*.log; do
      echo "--- last lines of ${log##*/} that are no answered request" >&2
      grep -v '"event":"http.request"' "$log" 2>/dev/null | tail -150 >&2 || true
    done
  fi
  "$repo/deploy/down" >/dev/null 2>&1 || true
  rm -rf "$LEADEX_VAR"
  exit "$status"
}
trap finish EXIT

"$repo/deploy/up" --no-demo --binary "$leadex" >"$LEADEX_VAR.up" 2>&1 || {
  cat "$LEADEX_VAR.up" >&2
  rm -f "$LEADEX_VAR.up"
  exit 1
}
rm -f "$LEADEX_VAR.up"
pid=$(awk '{ print $1; exit }' "$LEADEX_VAR/run/server.pid")
while IFS= read -r -d '' setting; do
  case $setting in LEADEX_*) export "${setting?}" ;; esac
done <"/proc/$pid/environ"
"$@"
