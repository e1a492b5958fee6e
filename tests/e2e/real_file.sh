#!/usr/bin/env bash
# The whole trade on real input, over HTTPS with ordinary keys: the bank contacts with planted faults
# are uploaded, every planted fault is found and none invented, verdicts come from the oracle, the lot
# is listed, campaigns buy, and the books and the replay are checked.
#   real_file.sh LEADEX MAKE_LEADS [ROWS]
# Needs a running exchange: LEADEX_VAR (with dev/credentials.json) and LEADEX_SHARED_DATA; the settings
# of the server (LEADEX_DATABASE …) for replay and verify.
set -euo pipefail
leadex=$1 make_leads=$2 rows=${3:-22606}
credentials=$LEADEX_VAR/dev/credentials.json
bank=$LEADEX_SHARED_DATA/leads/bank-marketing-half.csv
if [ ! -s "$bank" ]; then
  echo "SKIPPED: no $bank; set LEADEX_SHARED_DATA to the folder of the shared corpora" >&2
  exit 77
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
base=$(jq -r .base_url "$credentials") ca=$LEADEX_VAR/$(jq -r .ca_file "$credentials")
admin=$(jq -r .admin_key "$credentials") verifier=$(jq -r .verifier_key "$credentials")
generator=$(jq -r '.generators[0].key' "$credentials")
market=bank-$(date +%s | tail -c 7).us.usd

die() { echo "FAILED: $*" >&2 && exit 1; }

# call KEY METHOD PATH [BODY]: the body of the answer; fails with it when the status is no 2xx.
call() {
  local body=() status
  if [ $# -gt 3 ]; then body=(--data-binary "$4" -H 'Content-Type: application/json'); fi
  status=$(curl -sS -o "$work/answer" -w '%{http_code}' --cacert "$ca" -X "$2" -H "Authorization: Bearer $1" \
    -H "Idempotency-Key: $(cat /proc/sys/kernel/random/uuid)" "${body[@]}" "$base$3") || die "$2 $3: no answer"
  case $status in 2*) cat "$work/answer" ;; *) die "$2 $3: $status $(cat "$work/answer")" ;; esac
}

usd() { printf '{"amount":"%s","currency":"USD"}' "$1"; }

"$make_leads" --in "$bank" --out "$work/leads.csv" --oracle "$work/oracle.csv" --rows "$rows" --seed 7 \
  --fault-bp 500 --dead-bp 60
attributes=$("$make_leads" --attributes)
call "$admin" POST /v1/admin/markets "$(
  jq -n --arg id "$market" --argjson attributes "$attributes" --argjson reserve "$(usd 1.00)" --argjson ask "$(usd 6.00)" '{
    id: $id, name: "Bank contacts", currency: "USD", country: "US", mode: "agency", attributes: $attributes,
    auction: {price_rule: "first_price", rank_by: "price", max_shares: 4, reserve: $reserve},
    listing: {ask: $ask, fall_s: 0, ttl_s: 2592000, auction_s: 86400}, commission: {rate_bp: 1500},
    spot_check: {method: "fixed", acceptable_rate_bp: 100, rejectable_rate_bp: 500, seller_risk_bp: 500,
      buyer_risk_bp: 1000, unreachable_max_bp: 7000}, realtime_check: "none", return_window_s: 604800,
    contest_s: 172800, decide_s: 604800, return_ceiling_bp: 2000, holdback_bp: 1000, holdback_s: 2592000,
    dedupe_s: 7776000, delivery_deadline_s: 300}'
)" >/dev/null

# Three buyers with standing bids, one of them for whole leads.
for i in 0 1 2; do
  buyer=$(jq -r ".buyers[$i].key" "$credentials")
  account=$(jq -r ".buyers[$i].account_id" "$credentials")
  call "$admin" POST /v1/admin/deposits \
    "{\"account_id\":\"$account\",\"amount\":$(usd 9000.00),\"reference\":\"real file\"}" >/dev/null
  kind=shared targeting='{"attribute":"age","gte":25,"lte":60}'
  if [ "$i" = 2 ]; then kind=exclusive targeting='{"attribute":"state","in":["CA","TX"]}'; fi
  campaign=$(call "$buyer" POST /v1/campaigns "$(
    jq -n --arg market "$market" --arg kind "$kind" --argjson bid "$(usd $((3 + i * 4)).00)" --argjson targeting "$targeting" \
      '{name: "Real file", market: $market, pricing: {model: "cpl", bid: $bid}, targeting: $targeting,
        exclusivity: $kind, caps: {leads: {day: 900}}}'
  )" | jq -r .id)
  call "$buyer" POST "/v1/campaigns/$campaign/fund" "{\"amount\":$(usd 8000.00)}" >/dev/null
done

began=$(date +%s%N)
batch=$(curl -sS --fail-with-body --cacert "$ca" -H "Authorization: Bearer $generator" -H 'Content-Type: text/csv' \
  -H "Idempotency-Key: $(cat /proc/sys/kernel/random/uuid)" -T "$work/leads.csv" -X POST \
  "$base/v1/batches?market=$market" | jq -r .id)
uploaded=$(date +%s%N)
counts=$(call "$generator" GET "/v1/batches/$batch" | jq -c .counts)
echo "uploaded $rows rows in $(((uploaded - began) / 1000000)) ms: $counts"
jq -e '.read == .accepted + .duplicate + .suppressed + .rejected' <<<"$counts" >/dev/null || die 'counts do not add up'
[ "$(jq .read <<<"$counts")" = "$rows" ] || die 'rows were lost or invented'

# Every planted row fault found and named, none invented.
curl -sS --fail-with-body --cacert "$ca" -H "Authorization: Bearer $generator" -H 'Accept: text/csv' \
  "$base/v1/batches/$batch/rejects?limit=500&raw=true" >"$work/first.csv"
cursor='' && : >"$work/found"
while :; do
  page=$(call "$generator" GET "/v1/batches/$batch/rejects?limit=500${cursor:+&cursor=$cursor}")
  jq -r '.data[] | "\(.row) \(.code)"' <<<"$page" >>"$work/found"
  cursor=$(jq -r '.next_cursor // empty' <<<"$page")
  [ -n "$cursor" ] || break
done
sort "$work/found" >"$work/found.sorted"
awk -F, 'NR > 1 && $2 != "" { print $1, $2 }' "$work/oracle.csv" | sort >"$work/planted.sorted"
planted=$(wc -l <"$work/planted.sorted")
if ! diff "$work/planted.sorted" "$work/found.sorted" >"$work/diff"; then
  head -20 "$work/diff" >&2
  die 'planted and found faults differ'
fi
echo "planted faults: $planted, all found and named, none invented"

# The verifier works the sample; dead numbers are bad by the oracle.
awk -F, 'NR > 1 && $4 == 1 { print $1 }' "$work/oracle.csv" | sort >"$work/dead"
checks=0
while :; do
  check=$(call "$verifier" GET "/v1/admin/spot-checks?status=open&batch_id=$batch&limit=1" | jq -r '.data[0].check_id // .data[0].id // empty')
  [ -n "$check" ] || break
  row=$(call "$verifier" POST "/v1/admin/spot-checks/$check/claim" | jq -r .row)
  verdict='{"verdict":"good","reason":"confirmed"}'
  if grep -qx "$row" "$work/dead"; then verdict='{"verdict":"bad","reason":"disconnected"}'; fi
  call "$verifier" POST "/v1/admin/spot-checks/$check/verdict" "$verdict" >/dev/null
  checks=$((checks + 1))
done
status=
for _ in $(seq 600); do
  status=$(call "$generator" GET "/v1/batches/$batch" | jq -r .status)
  case $status in listed | rejected | closed) break ;; esac
  sleep 0.5
done
echo "spot check: $checks verdicts, the lot is $status"
[ "$status" = listed ] || die "the lot is $status"
"$leadex" verify sample --batch "$batch" --base-url "$base" --ca-file "$ca" --key "$generator" || die 'the draw does not verify'

sold=0
for i in 0 1 2; do
  buyer=$(jq -r ".buyers[$i].key" "$credentials")
  found=$(call "$buyer" GET "/v1/listings?market=$market&state=CA,NY&age%5Bgte%5D=25&limit=5" | jq '.data | length')
  bought=$(call "$buyer" POST /v1/purchases "{\"market\":\"$market\",\"filter\":{\"attribute\":\"state\",\"in\":[\"NY\"]},\"quantity\":20,\"limit_price\":$(usd 6.00),\"exclusive\":false}" | jq .filled)
  sold=$((sold + bought))
  sale=$(call "$buyer" GET "/v1/sales?market=$market&limit=1" | jq -r '.data[0].id')
  call "$buyer" GET "/v1/sales/$sale/contact" | jq -e '.contact.phone // .contact.email' >/dev/null || die 'no contact for a sale'
  echo "buyer $i: $found listings on the first page, $bought bought from the listings"
done
[ "$(call "$admin" GET '/v1/admin/ledger/trial-balance?currency=USD' | jq -r .sum)" = 0 ] || die 'the books do not balance'
"$leadex" replay --market "$market"
"$leadex" verify ledger --market "$market"
echo "the real file went through; trial balance 0"
