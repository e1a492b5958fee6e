#!/usr/bin/env bash
# A big file against the server's memory: the bank contacts, cycled with ever new people, are uploaded
# over HTTPS plain and packed; until the verdict the server may not grow by more than 256 MiB above
# what it holds idle. Then the lot is listed, and what a listing takes is printed.
#   big_file.sh LEADEX MAKE_LEADS [ROWS]
# Brings up an exchange of its own. A million rows unless ROWS says otherwise. Only with
# LEADEX_TEST_FULL=1: it takes minutes and gigabytes of disk. LEADEX_RELEASE names a program without
# sanitizers, whose memory is its own: with one under the address sanitizer the bound is not looked at.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
bound_kib=$((256 * 1024))
leadex=$(realpath "$1") make_leads=$(realpath "$2") rows=${3:-1000000}

if [ "${LEADEX_TEST_FULL:-}" != 1 ]; then
  echo 'SKIPPED: the file of a million rows is uploaded under LEADEX_TEST_FULL=1 (deploy/test --full) alone' >&2
  exit 77
fi
if [ -z "${LEADEX_BIG_FILE_INSIDE:-}" ]; then
  export LEADEX_BIG_FILE_INSIDE=1
  leadex=$(realpath "${LEADEX_RELEASE:-$leadex}")
  exec "$here/with_exchange.sh" "$leadex" "${BASH_SOURCE[0]}" "$leadex" "$make_leads" "$rows"
fi

work=$(mktemp -d)
trap 'touch "$work/stop"; rm -rf "$work"' EXIT
# shellcheck source=tests/support/bank_market.sh
. "$here/../support/bank_market.sh"
need_bank

# Resident, anonymous and proportional memory of the server, in KiB.
server_memory() {
  local pid
  pid=$(awk '{ print $1; exit }' "$LEADEX_VAR/run/server.pid")
  echo "$(awk '/^VmRSS:/ { rss = $2 } /^RssAnon:/ { anon = $2 } END { print rss, anon }' "/proc/$pid/status")" \
    "$(awk '/^Pss:/ { print $2 }' "/proc/$pid/smaps_rollup")"
}

# watch_memory FILE: a line of server_memory each 200 ms until FILE.stop is there.
watch_memory() {
  while [ ! -e "$1.stop" ] && [ ! -e "$work/stop" ]; do
    server_memory >>"$1"
    sleep 0.2
  done
}

highest() { awk -v column="$2" '$column > most { most = $column } END { print most + 0 }' "$1"; }
milliseconds() { echo $(($(date +%s%N) / 1000000)); }
mib() { awk -v kib="$1" 'BEGIN { printf "%.1f MiB", kib / 1024 }'; }

sanitized=no
if grep -q -a -m 1 __asan_init "$leadex"; then
  sanitized=yes
  echo 'NOT LOOKED AT: the memory bound; this program is built with the address sanitizer (set LEADEX_RELEASE)' >&2
fi

# try_file MARKET FILE WHAT [HEADER]: uploads FILE and has the lot judged; sets `batch` and `idle`.
try_file() {
  local market=$1 file=$2 what=$3 began uploaded counts checks watcher grown
  shift 3
  make_market "$market" "$attributes"
  sleep 2
  read -r idle _ <<<"$(server_memory)"
  rm -f "$work"/memory*
  watch_memory "$work/memory" &
  watcher=$!
  began=$(milliseconds)
  batch=$(upload_file "$market" "$file" "$@")
  uploaded=$(($(milliseconds) - began))
  checks=$(judge_lot "$batch" "$work/dead")
  touch "$work/memory.stop"
  wait "$watcher"
  counts=$(call "$generator" GET "/v1/batches/$batch" | jq -c .counts)
  grown=$(($(highest "$work/memory" 1) - idle))
  echo "$what: $rows rows in $uploaded ms ($((rows * 1000 / uploaded)) rows/s), $checks verdicts: $counts"
  echo "$what: server at $(mib "$idle") idle; until the verdict at most $(mib "$grown") above it" \
    "(anonymous $(mib "$(highest "$work/memory" 2)"), proportional $(mib "$(highest "$work/memory" 3)") in all;" \
    "$(wc -l <"$work/memory") looks)"
  jq -e --argjson rows "$rows" '.read == $rows and .read == .accepted + .duplicate + .suppressed + .rejected' \
    <<<"$counts" >/dev/null || die 'counts do not add up'
  [ "$(jq '.duplicate + .rejected' <<<"$counts")" = "$planted" ] || die "$planted rows have a planted fault"
  [ "$sanitized" = yes ] || [ "$grown" -le "$bound_kib" ] || die "the server grew by more than $(mib "$bound_kib")"
}

attributes=$("$make_leads" --attributes)
began=$(milliseconds)
"$make_leads" --in "$bank" --out "$work/leads.csv" --oracle "$work/oracle.csv" --rows "$rows" --seed 11 \
  --fault-bp 100 --dead-bp 60
echo "made $rows rows, $(stat -c %s "$work/leads.csv") bytes, in $(($(milliseconds) - began)) ms"
awk -F, 'NR > 1 && $4 == 1 { print $1 }' "$work/oracle.csv" >"$work/dead"
planted=$(awk -F, 'NR > 1 && $2 != "" { print $1 }' "$work/oracle.csv" | wc -l)
gzip -1 <"$work/leads.csv" >"$work/leads.csv.gz"

try_file big-plain.us.usd "$work/leads.csv" plain
began=$(milliseconds)
status=$(await_lot "$batch" 3600)
[ "$status" = listed ] || die "the lot is $status"
listed=$(call "$generator" GET "/v1/batches/$batch" | jq .counts.accepted)
took=$(($(milliseconds) - began))
read -r after _ <<<"$(server_memory)"
echo "plain: $listed listings in $took ms ($((listed * 1000 / (took + 1)))/s);" \
  "$(((after - idle) * 1024 / listed)) bytes per listing above idle, with what the upload left"
rm -f "$work/leads.csv"

# A server that has done nothing but load them tells what they take.
env -u LEADEX_DATABASE_OWNER "$here/../../deploy/down" >/dev/null
began=$(milliseconds)
env -u LEADEX_DATABASE_OWNER "$here/../../deploy/up" --no-demo --binary "$leadex" >"$work/up" 2>&1 || {
  cat "$work/up" >&2
  die 'the server did not come back'
}
buyer=$(jq -r '.buyers[0].key' "$credentials")
call "$buyer" GET '/v1/listings?market=big-plain.us.usd&state=CA&limit=5' | jq -e '.data | length == 5' >/dev/null ||
  die 'the listings are gone'
read -r after _ <<<"$(server_memory)"
echo "plain: loaded again in $(($(milliseconds) - began)) ms; $(((after - idle) * 1024 / listed)) bytes per listing above idle"

try_file big-packed.us.usd "$work/leads.csv.gz" packed 'Content-Encoding: gzip'
echo "the big file went through"
