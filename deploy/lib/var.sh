# shellcheck shell=bash
# The folder of a running exchange and the settings its programs get. Sourced, never run.

# Makes LEADEX_VAR (default: var in the repository) absolute. It holds keys: others may pass through it
# (PostgreSQL's user must reach its socket) but not list it.
var_prepare() {
  export LEADEX_VAR=${LEADEX_VAR:-$repo/var}
  export LEADEX_PORT=${LEADEX_PORT:-8443}
  if ! [[ $LEADEX_PORT =~ ^[1-9][0-9]{0,4}$ ]] || [ "$LEADEX_PORT" -gt 65535 ]; then
    die "LEADEX_PORT is '$LEADEX_PORT', not a port number"
  fi
  mkdir -p "$LEADEX_VAR" || die "the folder LEADEX_VAR ($LEADEX_VAR) cannot be made"
  LEADEX_VAR=$(cd "$LEADEX_VAR" && pwd -P)
  [ -O "$LEADEX_VAR" ] ||
    die "$LEADEX_VAR belongs to $(stat -c %U "$LEADEX_VAR"): run as that user, or set LEADEX_VAR to another folder"
  mkdir -p "$LEADEX_VAR"/{dev,keys,log,run,tls}
  chmod 711 "$LEADEX_VAR"
  chmod 700 "$LEADEX_VAR"/{dev,keys,log,run,tls}
}

# One up or down at a time per folder. The lock ends with the script: programs left running must not
# inherit it, see without_lock.
var_lock() {
  exec {lock_fd}>"$LEADEX_VAR/run/lock"
  flock -n "$lock_fd" || die "another deploy/up or deploy/down works on $LEADEX_VAR; wait for it to end"
}

without_lock() { "$@" {lock_fd}>&-; }

check_disk() {
  local folder free
  for folder in "$repo" "$LEADEX_VAR"; do
    free=$(df --output=avail -k "$folder" | tail -n 1)
    [ "$free" -ge $((5 * 1024 * 1024)) ] ||
      die "$folder has $((free / 1024 / 1024)) GB free; the build and the database need 5 GB"
  done
}

# What every leadex verb needs to know. The owner's conninfo goes to migrate and init alone.
var_environment() {
  export LEADEX_ENVIRONMENT=dev LEADEX_SCHEMAS=$repo/schemas
  LEADEX_DATABASE=$(pg_conninfo app leadex)
  export LEADEX_DATABASE
}
