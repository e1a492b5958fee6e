#!/usr/bin/env bash
# The whole trade on real input, over HTTPS with ordinary keys: the bank contacts with planted faults
# are uploaded, every planted fault is found and none invented, verdicts come from the oracle, the lot
# is listed, campaigns buy, and the books and the replay are checked.
#   real_file.sh LEADEX MAKE_LEADS [ROWS]
# Needs a running exchange: LEADEX_VAR (with dev/credentials.json) and LEADEX_SHARED_DATA; the settings
# of the server (LEADEX_DATABASE …) for replay and verify.
set -euo pipefail
leadex=$1 make_leads=$2 rows=${3:-22606}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# shellcheck source=tests/support/bank_market.sh
. "$(dirname "${BASH_SOURCE[0]}")/../support/bank_market.sh"
need_bank
market=bank-$(date +%s | tail -c 7).us.usd

# Dead numbers far below the acceptable rate of 1 %: near it, a lot is rejected now and then, rightly.
"$make_leads" --in "$bank" --out "$work/leads.csv" --oracle "$work/oracle.csv" --rows "$rows" --seed 7 \
  --fault-bp 500 --dead-bp 20
make_market "$market" "$("$make_leads" --attributes)"

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
batch=$(upload_file "$market" "$work/leads.csv")
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
checks=$(judge_lot "$batch" "$work/dead")
status=$(await_lot "$batch" 300)
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
