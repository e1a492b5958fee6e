#!/usr/bin/env bash
# Benchmark of deploy/bench: how long posts of single leads take alone, beside an upload that gives way
# (the default), and beside one that never does (LEADEX_REAL_TIME_P99_MS=0), with the rows per second
# of the uploads.
#   beside_upload.sh LEADEX MAKE_LEADS POSTS [SECONDS] [RATE]      release builds
# Brings up an exchange of its own for each way. Needs LEADEX_SHARED_DATA. Figures on standard output.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
leadex=$(realpath "$1") make_leads=$(realpath "$2") posts=$(realpath "$3") seconds=${4:-20} rate=${5:-50}

if [ -z "${LEADEX_BESIDE_UPLOAD_INSIDE:-}" ]; then
  for limit in 20 0; do
    LEADEX_BESIDE_UPLOAD_INSIDE=1 LEADEX_REAL_TIME_P99_MS=$limit "$here/../e2e/with_exchange.sh" "$leadex" \
      "${BASH_SOURCE[0]}" "$leadex" "$make_leads" "$posts" "$seconds" "$rate"
  done
  exit 0
fi

work=$(mktemp -d)
uploader=
finish() {
  if [ -n "$uploader" ]; then kill "$uploader" 2>/dev/null || true; fi
  rm -rf "$work"
}
trap finish EXIT
# shellcheck source=tests/support/bank_market.sh
. "$here/../support/bank_market.sh"
need_bank
market=beside.us.usd
way='beside an upload that gives way'
if [ "$LEADEX_REAL_TIME_P99_MS" = 0 ]; then way='beside an upload that does not give way'; fi

# load SEED WHAT: posts at a steady rate; prints their figures.
load() {
  "$posts" --base-url "$base" --ca-file "$ca" --key "$generator" --market "$market" --in "$bank" \
    --seconds "$seconds" --rate "$rate" --seed "$1" --what "$2"
}
rows_read() { call "$generator" GET "/v1/batches/$1" | jq .counts.read; }

make_market "$market" "$("$make_leads" --attributes)"
"$make_leads" --in "$bank" --out "$work/leads.csv" --oracle "$work/oracle.csv" \
  --rows "$((seconds * 30000 + 200000))" --seed 900
if [ "$LEADEX_REAL_TIME_P99_MS" != 0 ]; then load 1 'alone'; fi
(upload_file "$market" "$work/leads.csv" >"$work/batch" 2>/dev/null) &
uploader=$!
sleep 2
batch=$(call "$generator" GET '/v1/batches?limit=1' | jq -r '.data[0].id')
before=$(rows_read "$batch")
load 2 "$way"
after=$(rows_read "$batch")
kill -0 "$uploader" 2>/dev/null || die 'the upload ended before the posts did: no figure'
printf 'figure\tthe %s\trows/s\t%s\n' "${way#beside an }" $(((after - before) / seconds))
