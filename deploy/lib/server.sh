# shellcheck shell=bash disable=SC2154 # repo is common.sh's
# Starts, watches and stops `leadex serve` of one var folder. Sourced, never run.

server_ready_seconds=60
server_stop_seconds=15

# Prints the pid when the server of this folder runs. run/server.pid holds the pid alone, for everyone;
# run/server.born the birth of the process that makes it unmistakable.
server_pid() {
  local pid
  pid=$(cat "$LEADEX_VAR/run/server.pid" 2>/dev/null) &&
    process_is "$pid" "$(cat "$LEADEX_VAR/run/server.born" 2>/dev/null)" && echo "$pid"
}

# What a running server was started from; when this changes it has to start anew.
server_fingerprint() {
  {
    echo "$LEADEX_PORT $LEADEX_DATABASE"
    cat "$1" "$LEADEX_VAR/tls/server.crt"
    find "$LEADEX_SCHEMAS" -type f -print0 | sort -z | xargs -0 -r cat
  } | sha256sum | cut -d ' ' -f 1
}

server_current() {
  server_pid >/dev/null &&
    [ "$(server_fingerprint "$1")" = "$(cat "$LEADEX_VAR/run/server.fingerprint" 2>/dev/null)" ]
}

# Prints the pid that listens on the port and its program, as far as /proc lets us see.
port_holder() {
  local inode fd pid
  inode=$(awk -v port="$(printf ':%04X' "$1")" \
    '$4 == "0A" && substr($2, length($2) - 4) == port { print $10; exit }' /proc/net/tcp /proc/net/tcp6)
  [ -n "$inode" ] || return 1
  for fd in /proc/[0-9]*/fd/*; do
    if [ "$(readlink "$fd" 2>/dev/null)" = "socket:[$inode]" ]; then
      pid=${fd#/proc/}
      pid=${pid%%/*}
      echo "$pid $(cat "/proc/$pid/comm")"
      return 0
    fi
  done
  echo 'unknown'
}

check_port() {
  local holder who
  holder=$(port_holder "$LEADEX_PORT") || return 0
  case $holder in
    unknown) who='a program of another user' ;;
    *' leadex') who="another Leadex server (pid ${holder% *})" ;;
    *) who="${holder#* } (pid ${holder% *})" ;;
  esac
  die "port $LEADEX_PORT is taken by $who. Set LEADEX_PORT (and LEADEX_VAR, for a second exchange) or end it."
}

server_start() {
  check_port
  (
    cd "$LEADEX_VAR" || exit
    exec {lock_fd}>&- setsid "$1" serve >>"$LEADEX_VAR/log/server.log" 2>&1 </dev/null
  ) &
  echo $! >"$LEADEX_VAR/run/server.pid"
  process_born $! >"$LEADEX_VAR/run/server.born" || true
  server_fingerprint "$1" >"$LEADEX_VAR/run/server.fingerprint"
}

# Waits for /readyz; a server that died or never gets ready ends the script with its last log lines.
server_wait() {
  local deadline=$((SECONDS + server_ready_seconds)) why=''
  until curl --silent --fail --max-time 2 --noproxy '*' --cacert "$LEADEX_VAR/dev/ca.pem" -o /dev/null \
    "https://127.0.0.1:$LEADEX_PORT/readyz"; do
    if ! server_pid >/dev/null; then
      why='the server ended by itself'
    elif [ "$SECONDS" -ge "$deadline" ]; then
      why="the server was not ready within $server_ready_seconds s"
    fi
    if [ -n "$why" ]; then
      tail -n 20 "$LEADEX_VAR/log/server.log" >&2
      server_stop
      die "$why; the lines above are the end of $LEADEX_VAR/log/server.log"
    fi
    sleep 0.2
  done
}

server_stop() {
  local pid
  if pid=$(server_pid); then
    stop_process "$pid" "$(cat "$LEADEX_VAR/run/server.born")" "$server_stop_seconds"
  fi
  rm -f "$LEADEX_VAR"/run/server.{pid,born,fingerprint}
}
