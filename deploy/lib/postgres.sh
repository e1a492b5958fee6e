# shellcheck shell=bash
# A private PostgreSQL 15 cluster: no TCP, a socket folder only its user can enter. Sourced, never run.
# Call pg_at FOLDER first; the folder keeps the passwords and, where the cluster's user can reach it,
# data, socket and log. PostgreSQL refuses root, so as root it runs as the package's `postgres`.

pg_bin=/usr/lib/postgresql/15/bin
pg_socket_path_max=92 # sun_path has 108 bytes and the server appends /.s.PGSQL.5432

# pg_at FOLDER: all functions below work on the cluster kept in FOLDER (made here when missing).
pg_at() {
  pg_home=$1
  mkdir -p "$pg_home"
  chmod 711 "$pg_home"
  pg_home=$(cd "$pg_home" && pwd -P)
  pg_data=$(pg_place data)
  pg_user=$(id -un)
  if [ "$(id -u)" -eq 0 ]; then
    pg_user=postgres
    if [ -d "$pg_data" ]; then pg_user=$(stat -c %U "$pg_data"); fi
    id "$pg_user" >/dev/null 2>&1 || die "the user $pg_user of the database does not exist"
  elif [ -d "$pg_data" ] && [ ! -O "$pg_data" ]; then
    die "$pg_data belongs to $(stat -c %U "$pg_data"): run as that user or as root, or set LEADEX_VAR"
  fi
}

# Where data or socket is: in the folder itself, or where FOLDER/<name>.elsewhere says.
pg_place() { cat "$pg_home/$1.elsewhere" 2>/dev/null || echo "$pg_home/$1"; }

# Runs a command as the cluster's user, from a folder that user can stand in.
as_pg() (
  cd /
  if [ "$(id -un)" = "$pg_user" ]; then exec "$@"; fi
  exec setpriv --reuid="$pg_user" --regid="$(id -g "$pg_user")" --init-groups --reset-env \
    --no-new-privs -- "$@"
)

pg_make_folder() {
  mkdir -p "$1"
  chmod 700 "$1"
  [ "$(id -un)" = "$pg_user" ] || chown "$pg_user:" "$1"
}

# A checkout below /root cannot be reached by `postgres`: then the data goes where it can be.
pg_choose_data() {
  as_pg test -x "$pg_home" && return 0
  mkdir -p /var/lib/leadex
  chmod 711 /var/lib/leadex
  mktemp -d /var/lib/leadex/pg.XXXXXXXX >"$pg_home/data.elsewhere"
  pg_data=$(cat "$pg_home/data.elsewhere")/data
  echo "$pg_data" >"$pg_home/data.elsewhere"
  chmod 711 "$(dirname "$pg_data")"
  say "    $pg_user cannot reach $pg_home, so the data is in $pg_data"
}

# The socket folder, made when missing; a short one in /tmp when the path would be too long.
pg_choose_socket() {
  pg_socket=$(pg_place socket)
  if [ -d "$pg_socket" ] && [ "$(stat -c '%U %a' "$pg_socket")" = "$pg_user 700" ]; then return 0; fi
  rm -f "$pg_home/socket.elsewhere"
  pg_socket=$(dirname "$pg_data")/socket
  if [ "${#pg_socket}" -gt "$pg_socket_path_max" ]; then pg_socket=$(mktemp -d /tmp/leadex-pg.XXXXXXXX); fi
  pg_make_folder "$pg_socket"
  if [ "$pg_socket" != "$pg_home/socket" ]; then echo "$pg_socket" >"$pg_home/socket.elsewhere"; fi
}

pg_init() {
  [ -x "$pg_bin/initdb" ] || die "PostgreSQL 15 is not installed: run deploy/lib/install.sh runtime"
  if [ ! -d "$pg_data" ]; then
    pg_choose_data
    rm -rf "$pg_data.new" # what an interrupted run left
    pg_make_folder "$pg_data.new"
    run_logged "$pg_home/initdb.log" as_pg "$pg_bin/initdb" --pgdata="$pg_data.new" --username="$pg_user" \
      --data-checksums --encoding=UTF8 --locale=C --auth=reject --no-instructions
    as_pg tee -a "$pg_data.new/postgresql.conf" >/dev/null <<<"include = 'leadex.conf'"
    # The superuser is who owns the files anyway; everyone else proves a password.
    as_pg tee "$pg_data.new/pg_hba.conf" >/dev/null <<EOF_HBA
local all "$pg_user" peer
local all all scram-sha-256
EOF_HBA
    mv "$pg_data.new" "$pg_data"
  fi
  pg_make_folder "$(dirname "$pg_data")/pg_log"
}

# Errors are the program's to report: the server's own log must never hold a row, a parameter or the
# text of a statement. So it has no ERROR lines (log_min_messages) and no details.
pg_settings() {
  local socket=${1//\'/\'\'}
  cat <<EOF_CONF
listen_addresses = ''
port = 5432
unix_socket_directories = '"${socket//\"/\"\"}"'
unix_socket_permissions = 0700
max_connections = 200
password_encryption = 'scram-sha-256'
fsync = ${pg_fsync:-on}
full_page_writes = on
synchronous_commit = on
shared_buffers = 512MB
max_wal_size = 4GB
wal_compression = on
jit = off
idle_in_transaction_session_timeout = 60s
client_connection_check_interval = 10s
tcp_keepalives_idle = 60
tcp_keepalives_interval = 10
tcp_keepalives_count = 3
timezone = 'UTC'
log_timezone = 'UTC'
log_min_messages = log
log_error_verbosity = terse
log_statement = none
log_min_error_statement = panic
log_min_duration_statement = -1
log_parameter_max_length = 0
log_parameter_max_length_on_error = 0
log_checkpoints = off
EOF_CONF
}

pg_pid() { as_pg head -n 1 "$pg_data/postmaster.pid" 2>/dev/null; }

# True when this very cluster runs: the number in postmaster.pid may be another's by now.
pg_status() {
  local pid
  pid=$(pg_pid) && process_born "$pid" >/dev/null && grep -qzxF -- "$pg_data" "/proc/$pid/cmdline"
}

pg_start() {
  local log
  log=$(dirname "$pg_data")/pg_log/postgres.log
  pg_choose_socket
  pg_status && return 0
  pg_settings "$pg_socket" | as_pg tee "$pg_data/leadex.conf" >/dev/null
  pg_ctl_start "$log" && return 0
  tail -n 15 "$log" >&2
  die "PostgreSQL did not start; the lines above are the end of $log"
}

# After a crash the last backends may still be leaving, and whoever began the old server may not have
# taken note of its end: PostgreSQL does not start beside either.
pg_ctl_start() {
  local _
  for _ in $(seq 20); do
    as_pg "$pg_bin/pg_ctl" start --silent --wait --timeout=90 --pgdata="$pg_data" --log="$1" </dev/null && return 0
    tail -n 5 "$1" | grep -qE 'pre-existing shared memory block|"postmaster.pid" already exists' || return 1
    sleep 1
  done
  return 1
}

pg_stop() {
  if pg_status; then
    as_pg "$pg_bin/pg_ctl" stop --silent --wait --timeout=60 --mode=fast --pgdata="$pg_data" ||
      as_pg "$pg_bin/pg_ctl" stop --silent --wait --timeout=15 --mode=immediate --pgdata="$pg_data"
  fi
  if [ -e "$pg_home/socket.elsewhere" ]; then
    rm -rf "$(pg_place socket)" "$pg_home/socket.elsewhere"
  fi
}

pg_super() {
  as_pg "$pg_bin/psql" --no-psqlrc --quiet --set=ON_ERROR_STOP=1 --host="$pg_socket" --port=5432 \
    --dbname=postgres >/dev/null
}

# pg_password NAME: makes FOLDER/NAME.pass (0600) unless it is there, and prints the password.
pg_password() {
  local file=$pg_home/$1.pass
  if [ ! -s "$file" ]; then (umask 077 && random_hex 24 >"$file.new" && mv "$file.new" "$file"); fi
  cat "$file"
}

# pg_roles OWNER_RIGHTS: leadex_owner (with these rights) and leadex_app; passwords as in the files.
# They come over standard input, since arguments show in the process list. Safe to run twice.
pg_roles() {
  local owner_password app_password
  owner_password=$(pg_password owner)
  app_password=$(pg_password app)
  pg_super <<EOF_SQL
DO \$\$ BEGIN
  IF to_regrole('leadex_owner') IS NULL THEN CREATE ROLE leadex_owner; END IF;
  IF to_regrole('leadex_app') IS NULL THEN CREATE ROLE leadex_app; END IF;
END \$\$;
ALTER ROLE leadex_owner LOGIN NOSUPERUSER $1 PASSWORD '$owner_password';
ALTER ROLE leadex_app LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD '$app_password';
EOF_SQL
}

# The database `leadex`, owned by leadex_owner; the app role may connect, the migrations grant the rest.
pg_database() {
  pg_super <<'EOF_SQL'
SELECT 'CREATE DATABASE leadex OWNER leadex_owner'
 WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'leadex') \gexec
REVOKE ALL ON DATABASE leadex FROM PUBLIC;
GRANT CONNECT ON DATABASE leadex TO leadex_app;
EOF_SQL
}

# pg_conninfo owner|app DATABASE: what libpq needs to connect.
pg_conninfo() {
  local socket=$pg_socket
  if [[ $socket == *[\ \'\\]* ]]; then
    socket=${socket//\\/\\\\}
    socket="'${socket//\'/\\\'}'"
  fi
  printf 'host=%s port=5432 dbname=%s user=leadex_%s password=%s' "$socket" "$2" "$1" "$(pg_password "$1")"
}
