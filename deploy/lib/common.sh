# shellcheck shell=bash disable=SC2034
# Messages, steps with times and paths, shared by every script of deploy/ and .ci/. Sourced, never run;
# the caller has set -euo pipefail. Functions say `return 0`, since a bare return inside an EXIT trap
# gives back the status from before the trap.

repo=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
export LC_ALL=C.UTF-8

say() { printf '%s\n' "$*"; }
warn() { printf 'warning: %s\n' "$*" >&2; }
die() {
  printf 'error: %s\n' "$*" >&2
  exit 1
}

current_step=''
step_times=()

# run_step NAME COMMAND...: announces NAME, runs the command under set -e, prints the seconds taken.
# A failing step ends the script; name_failed_step then says which one it was.
run_step() {
  local began=$SECONDS
  current_step=$1
  shift
  say "==> $current_step"
  "$@"
  step_times+=("$(printf '%5d s  %s' "$((SECONDS - began))" "$current_step")")
  say "    $current_step: $((SECONDS - began)) s"
  current_step=''
}

# For EXIT traps; the argument is the exit status.
name_failed_step() {
  if [ "$1" -ne 0 ] && [ -n "$current_step" ]; then
    printf 'error: step "%s" failed after %d s in all\n' "$current_step" "$SECONDS" >&2
  fi
}

# run_logged FILE COMMAND...: output goes to FILE; when the command fails its last lines are shown.
run_logged() {
  local log=$1 status=0
  shift
  "$@" >"$log" 2>&1 </dev/null || status=$?
  if [ "$status" -ne 0 ]; then
    tail -n 25 "$log" >&2
    warn "the whole output is in $log"
  fi
  return "$status"
}

as_root() {
  if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo -n "$@"; fi
}

# process_born PID: when the process began, in ticks since boot; fails when it is gone or a zombie (a
# container's init may leave those). A pid file outlives its process and the number may become
# another's: pid and birth together name one process.
process_born() {
  local stat
  [[ $1 =~ ^[0-9]+$ ]] && stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 1
  stat=${stat##*) }
  case $stat in Z* | X*) return 1 ;; esac
  cut -d ' ' -f 20 <<<"$stat"
}

process_is() { [ -n "$2" ] && [ "$(process_born "$1")" = "$2" ]; }

# stop_process PID BORN SECONDS: TERM, waits, then KILL.
stop_process() {
  local tenths=$(($3 * 10))
  process_is "$1" "$2" && kill -TERM "$1" 2>/dev/null || return 0
  while process_is "$1" "$2"; do
    if [ "$tenths" -eq 0 ]; then
      warn "process $1 did not stop within $3 s and was killed"
      kill -KILL "$1" 2>/dev/null || true
      return 0
    fi
    tenths=$((tenths - 1))
    sleep 0.1
  done
}

random_hex() { od -An -N "$1" -tx1 /dev/urandom | tr -d ' \n'; }

# A checkout may belong to another user than the one who runs the gate (containers do that).
git_here() { git -C "$repo" -c safe.directory="$repo" "$@"; }
