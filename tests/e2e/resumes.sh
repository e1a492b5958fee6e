#!/usr/bin/env bash
# A file that goes on: an upload is cut at random places again and again, the server is killed (SIGKILL)
# in its middle, and the client goes on by itself. The lot is the one that the same file makes in one
# request: the same rows taken and refused for the same reasons, the same hash, the same size of sample;
# hash, rows and the secret that was promised before are all that the draw goes by.
#   resumes.sh LEADEX CUT_BYTES [ROWS]      inside with_exchange.sh
set -euo pipefail
# shellcheck source=tests/e2e/lib/exchange.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib/exchange.sh"
leadex=$1 cut_bytes=$2 rows=${3:-20000}
key=$(generator_key 0)
whole_market=whole-file.us.usd cut_market=cut-file.us.usd
port=${base##*:}
proxy_port=$((LEADEX_PORT + 10001))

# send_file MARKET BASE [OPTION...]: the client's answer as JSON; it ends with 6, as not all rows are taken.
send_file() {
  local market=$1 through=$2 status=0
  shift 2
  LEADEX_KEY=$key "$leadex" batches upload "$work/leads.csv" --market "$market" --base-url "$through" \
    --ca-file "$ca" --json "$@" >"$work/told.$market" 2>"$work/notes.$market" || status=$?
  [ "$status" = 6 ] || die "$market: the client ended with $status: $(tail -3 "$work/notes.$market")"
}

# refused BATCH: row and reason of everything that was not taken.
refused() {
  pages "$key" "/v1/batches/$1/rejects" | jq -r '"\(.row) \(.outcome) \(.code) \(.pointer)"'
}

# facts BATCH: what the lot is, apart from its own number and commitment.
facts() {
  call "$key" GET "/v1/batches/$1" | jq -S '{counts, progress}'
  call "$key" GET "/v1/batches/$1/spot-check" | jq -S '{file_sha256, plan}'
  refused "$1"
}

# A person comes twice now and then, so that rows in front of a cut matter to those behind it.
lead_file 0 "$rows" >"$work/leads.csv"
awk 'NR > 1 && NR % 97 == 0' "$work/leads.csv" >"$work/again" && cat "$work/again" >>"$work/leads.csv"
size=$(wc -c <"$work/leads.csv")
make_market "$whole_market"
make_market "$cut_market"
send_file "$whole_market" "$base"
whole=$(jq -r .id "$work/told.$whole_market")

cuts=()
for _ in 1 2 3 4 5; do
  cuts+=($((20000 + (RANDOM * 32768 + RANDOM) % (size / 8))))
done
echo "cuts behind ${cuts[*]} bytes of $size"
"$cut_bytes" "$proxy_port" "$port" "${cuts[@]}" >"$work/cuts" &
own_servers+=("$!")
send_file "$cut_market" "${base%:*}:$proxy_port" --resume &
client=$!
for _ in $(seq 600); do
  [ "$(wc -l <"$work/cuts")" -lt 2 ] || break
  sleep 0.1
done
[ "$(wc -l <"$work/cuts")" -ge 2 ] || die 'the upload was not cut'
sleep "1.$((RANDOM % 10))"
kill -KILL "$(server_pid)"
bring_up "$leadex"
wait "$client" || die "the client gave up: $(tail -3 "$work/notes.$cut_market")"
[ "$(wc -l <"$work/cuts")" = ${#cuts[@]} ] || die "only $(wc -l <"$work/cuts") cuts happened"
resumed=$(jq -r .id "$work/told.$cut_market")

facts "$whole" >"$work/facts.whole"
facts "$resumed" >"$work/facts.resumed"
diff "$work/facts.whole" "$work/facts.resumed" >"$work/diff" || die "not the same lot: $(head -20 "$work/diff")"
[ "$(call "$key" GET "/v1/batches/$resumed/spot-check" | jq -r .file_sha256)" = \
  "$(sha256sum "$work/leads.csv" | cut -d' ' -f1)" ] || die 'the hash is not that of the file'
# What was given up is not complete: the client says so.
given_up=$(call "$key" POST "/v1/uploads?market=$cut_market&format=csv" | jq -r .id)
status=$(curl -s -o "$work/answer" -w '%{http_code}' --cacert "$ca" -X PATCH -H "Authorization: Bearer $key" \
  -H 'Content-Type: text/csv' -H 'Upload-Offset: 0' --data-binary 'no such column' "$base/v1/uploads/$given_up")
[ "$status" = 422 ] || die "a file without a header was taken: $status"
status=0
LEADEX_KEY=$key "$leadex" batches upload "$work/leads.csv" --market "$cut_market" --base-url "$base" --ca-file "$ca" \
  --continue "$given_up" >"$work/answer" 2>&1 || status=$?
[ "$status" = 5 ] || die "an upload that was given up goes on: $status $(tail -3 "$work/answer")"
check_records "$leadex" "$cut_market"
echo "$(wc -l <"$work/cuts") cuts and a kill: $(call "$key" GET "/v1/batches/$resumed" | jq -c .counts), as in one request"
