# shellcheck shell=bash
# A real name server (Debian's nsd, unpacked by deploy/lib/install.sh) on loopback for benchmarks of the
# whole program. Sourced. tests/support/name_server.hpp is the same for the tests in C++.

# start_name_server ZONE...: each takes mail. Sets `name_server` to address:port.
start_name_server() {
  local program zone tries
  program=${LEADEX_NSD:-$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)/build/deps/nsd/usr/sbin/nsd}
  if [ ! -x "$program" ]; then
    echo "SKIPPED: no name server at $program: run deploy/lib/install.sh test, or set LEADEX_NSD" >&2
    exit 77
  fi
  name_server_folder=$(mktemp -d)
  local port=$((30000 + RANDOM % 10000))
  {
    printf 'server:\n  ip-address: 127.0.0.1@%s\n  port: %s\n  database: ""\n  username: ""\n  chroot: ""\n' "$port" "$port"
    printf '  zonesdir: "%s"\n  pidfile: ""\n  logfile: "%s/log"\n  xfrdfile: "%s/xfrd"\n' \
      "$name_server_folder" "$name_server_folder" "$name_server_folder"
    printf '  zonelistfile: "%s/list"\n  xfrdir: "%s"\n  cookie-secret-file: ""\n  server-count: 1\n  rrl-ratelimit: 0\n' \
      "$name_server_folder" "$name_server_folder"
    printf 'remote-control:\n  control-enable: no\n'
    for zone in "$@"; do printf 'zone:\n  name: %s\n  zonefile: %s\n' "$zone" "$zone"; done
  } >"$name_server_folder/nsd.conf"
  for zone in "$@"; do
    # The dollar signs are the zone file's own words.
    # shellcheck disable=SC2016
    printf '$ORIGIN %s.\n$TTL 3600\n@ IN SOA ns hostmaster 1 3600 600 86400 60\n@ IN NS ns\n@ IN MX 10 mail\nns IN A 127.0.0.1\nmail IN A 192.0.2.25\n' \
      "$zone" >"$name_server_folder/$zone"
  done
  "$program" -d -c "$name_server_folder/nsd.conf" >"$name_server_folder/out" 2>&1 </dev/null &
  name_server_pid=$!
  # shellcheck disable=SC2034 # the sourcing script's
  name_server=127.0.0.1:$port
  for tries in $(seq 100); do
    if grep -q 'nsd started' "$name_server_folder/log" 2>/dev/null; then return 0; fi
    kill -0 "$name_server_pid" 2>/dev/null || break
    sleep 0.05
  done
  cat "$name_server_folder/out" "$name_server_folder/log" >&2
  stop_name_server
  echo "FAILED: the name server did not start after $tries looks" >&2
  exit 1
}

stop_name_server() {
  kill "$name_server_pid" 2>/dev/null || true
  wait "$name_server_pid" 2>/dev/null || true
  rm -rf "$name_server_folder"
}
