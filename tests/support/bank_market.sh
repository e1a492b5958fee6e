# shellcheck shell=bash disable=SC2154 # work is the sourcing script's
# A market for files of leadex-make-leads, and calls to it with the keys of `leadex dev seed`. Sourced
# by tests of the whole program and by benchmarks. The one who sources it has set `work`, a folder of
# its own, and runs where LEADEX_VAR and LEADEX_SHARED_DATA are set (tests/e2e/with_exchange.sh).

shopt -s inherit_errexit # a failure inside $(…) counts

credentials=$LEADEX_VAR/dev/credentials.json
bank=${LEADEX_SHARED_DATA:-}/leads/bank-marketing-half.csv
base=$(jq -r .base_url "$credentials")
ca=$LEADEX_VAR/$(jq -r .ca_file "$credentials")
admin=$(jq -r .admin_key "$credentials")
verifier=$(jq -r .verifier_key "$credentials")
generator=$(jq -r '.generators[0].key' "$credentials")

die() { echo "FAILED: $*" >&2 && exit 1; }

# Ends with "skipped" when the corpus is not there, and says so.
need_bank() {
  if [ ! -s "$bank" ]; then
    echo "SKIPPED: no $bank; set LEADEX_SHARED_DATA to the folder of the shared corpora" >&2
    exit 77
  fi
}

# call KEY METHOD PATH [BODY]: the body of the answer; fails with it when the status is no 2xx.
call() {
  local body=() status
  if [ $# -gt 3 ]; then body=(--data-binary "$4" -H 'Content-Type: application/json'); fi
  status=$(curl -sS -o "$work/answer" -w '%{http_code}' --cacert "$ca" -X "$2" -H "Authorization: Bearer $1" \
    -H "Idempotency-Key: $(cat /proc/sys/kernel/random/uuid)" "${body[@]}" "$base$3") || die "$2 $3: no answer"
  case $status in 2*) cat "$work/answer" ;; *) die "$2 $3: $status $(cat "$work/answer")" ;; esac
}

usd() { printf '{"amount":"%s","currency":"USD"}' "$1"; }

# make_market ID ATTRIBUTES: nothing falls, runs out or settles while a test lasts.
make_market() {
  call "$admin" POST /v1/admin/markets "$(
    jq -n --arg id "$1" --argjson attributes "$2" --argjson reserve "$(usd 1.00)" --argjson ask "$(usd 6.00)" '{
      id: $id, name: "Bank contacts", currency: "USD", country: "US", mode: "agency", attributes: $attributes,
      auction: {price_rule: "first_price", rank_by: "price", max_shares: 4, reserve: $reserve},
      listing: {ask: $ask, fall_s: 0, ttl_s: 2592000, auction_s: 86400}, commission: {rate_bp: 1500},
      spot_check: {method: "fixed", acceptable_rate_bp: 100, rejectable_rate_bp: 500, seller_risk_bp: 500,
        buyer_risk_bp: 1000, unreachable_max_bp: 7000}, realtime_check: "none", return_window_s: 604800,
      contest_s: 172800, decide_s: 604800, return_ceiling_bp: 2000, holdback_bp: 1000, holdback_s: 2592000,
      dedupe_s: 7776000, delivery_deadline_s: 300}'
  )" >/dev/null
}

# upload_file MARKET FILE [HEADER]: streams it, prints the batch's id.
upload_file() {
  local extra=()
  if [ $# -gt 2 ]; then extra=(-H "$3"); fi
  curl -sS --fail-with-body --cacert "$ca" -H "Authorization: Bearer $generator" -H 'Content-Type: text/csv' \
    -H "Idempotency-Key: $(cat /proc/sys/kernel/random/uuid)" "${extra[@]}" -T "$2" -X POST \
    "$base/v1/batches?market=$1" >"$work/uploaded" || die "the upload was refused: $(cat "$work/uploaded")"
  jq -r .id "$work/uploaded"
}

# judge_lot BATCH DEAD: the verifier works the sample; the rows named in file DEAD are bad. Prints how
# many verdicts it took.
judge_lot() {
  local check row verdict checks=0
  while :; do
    check=$(call "$verifier" GET "/v1/admin/spot-checks?status=open&batch_id=$1&limit=1" |
      jq -r '.data[0].check_id // .data[0].id // empty')
    [ -n "$check" ] || break
    row=$(call "$verifier" POST "/v1/admin/spot-checks/$check/claim" | jq -r .row)
    verdict='{"verdict":"good","reason":"confirmed"}'
    if grep -qx "$row" "$2"; then verdict='{"verdict":"bad","reason":"disconnected"}'; fi
    call "$verifier" POST "/v1/admin/spot-checks/$check/verdict" "$verdict" >/dev/null
    checks=$((checks + 1))
  done
  echo "$checks"
}

# await_lot BATCH SECONDS: waits until the lot is listed, rejected or closed; prints which.
await_lot() {
  local status='' until=$((SECONDS + $2))
  while [ "$SECONDS" -lt "$until" ]; do
    status=$(call "$generator" GET "/v1/batches/$1" | jq -r .status)
    case $status in listed | rejected | closed) break ;; esac
    sleep 0.5
  done
  echo "$status"
}
