# shellcheck shell=bash disable=SC2034 # some variables are for the tests
# What the end-to-end tests share: requests with ordinary keys, a server of one's own, what must hold
# of books and markets after any failure. Sourced by a test that runs inside with_exchange.sh; the test
# has set -euo pipefail. Gives: repo, credentials, base, ca, admin, work (deleted at the end).

# shellcheck source=deploy/lib/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../../deploy/lib/common.sh"
# shellcheck source=deploy/lib/postgres.sh
. "$repo/deploy/lib/postgres.sh"

shopt -s inherit_errexit

credentials=$LEADEX_VAR/dev/credentials.json
base=$(jq -r .base_url "$credentials")
ca=$LEADEX_VAR/$(jq -r .ca_file "$credentials")
admin=$(jq -r .admin_key "$credentials")
full=${LEADEX_TEST_FULL:-}
work=$(mktemp -d)
own_servers=()

die() { echo "FAILED: $*" >&2 && exit 1; }

# Ends what the test itself has started (a stopped process takes its TERM when it goes on).
clean_up() {
  local server
  touch "$work/stop"
  for server in "${own_servers[@]}"; do
    kill -CONT "$server" 2>/dev/null || true
    kill -KILL "$server" 2>/dev/null || true
    wait "$server" 2>/dev/null || true
  done
  rm -rf "$work"
}
trap clean_up EXIT

generator_key() { jq -r ".generators[$1].key" "$credentials"; }
buyer_key() { jq -r ".buyers[$1].key" "$credentials"; }
usd() { printf '{"amount":"%s","currency":"USD"}' "$1"; }

# ---------------------------------------------------------------- requests

# send KEY METHOD PATH IDEMPOTENCY_KEY BODY FILE [TYPE]: prints the status, 000 when there was no
# answer; the body goes to FILE. BODY may be @FILE.
send() {
  curl -s -o "$6" -w '%{http_code}' --max-time "${send_seconds:-20}" --cacert "$ca" -X "$2" \
    -H "Authorization: Bearer $1" -H "Idempotency-Key: $4" -H "Content-Type: ${7:-application/json}" \
    --data-binary "$5" "$base$3" || true
}

# until_answered …as send: the same key again until there is a word on it; status and body in FILE.
until_answered() {
  local status=000
  for _ in $(seq 600); do
    [ -d "$work" ] || break
    status=$(send "$@")
    case $status in
      000 | 429 | 5??) ;;
      409) grep -q in_progress "$6" || break ;;
      *) break ;;
    esac
    sleep 0.2
  done
  echo "$status"
}

# call KEY METHOD PATH [BODY]: the body of the answer; fails with it when the status is no 2xx.
call() {
  local body=() status
  if [ $# -gt 3 ]; then body=(--data-binary "$4" -H 'Content-Type: application/json'); fi
  status=$(curl -sS -o "$work/answer" -w '%{http_code}' --max-time 60 --cacert "$ca" -X "$2" \
    -H "Authorization: Bearer $1" -H "Idempotency-Key: $(cat /proc/sys/kernel/random/uuid)" "${body[@]}" \
    "$base$3") || die "$2 $3: no answer"
  case $status in 2*) cat "$work/answer" ;; *) die "$2 $3: $status $(cat "$work/answer")" ;; esac
}

# pages KEY PATH: every item of a list, one JSON a line.
pages() {
  local cursor='' page and='?'
  case $2 in *\?*) and='&' ;; esac
  while :; do
    page=$(call "$1" GET "$2${and}limit=500${cursor:+&cursor=$cursor}")
    jq -c '.data[]' <<<"$page"
    cursor=$(jq -r '.next_cursor // empty' <<<"$page")
    [ -n "$cursor" ] || break
  done
}

# ---------------------------------------------------------------- servers

server_pid() { awk '{ print $1; exit }' "$LEADEX_VAR/run/server.pid"; }

# bring_up LEADEX: what is down comes up again.
bring_up() {
  env -u LEADEX_DATABASE_OWNER "$repo/deploy/up" --no-demo --binary "$1" >"$work/up" 2>&1 || {
    cat "$work/up" >&2
    die 'the exchange did not come up again'
  }
}

# serve_beside LEADEX NAME [NAME=VALUE...]: a server of the test's own with these settings; sets
# served_pid. Its log is NAME.log in LEADEX_VAR/log.
serve_beside() {
  local leadex=$1 name=$2
  shift 2
  (cd "$LEADEX_VAR" && exec env "$@" "$leadex" serve >>"$LEADEX_VAR/log/$name.log" 2>&1 </dev/null) &
  served_pid=$!
  own_servers+=("$served_pid")
}

# wait_ready BASE SECONDS: until /readyz there says yes.
wait_ready() {
  local until=$((SECONDS + $2))
  until curl -sf --max-time 2 --cacert "$ca" -o /dev/null "$1/readyz"; do
    [ "$SECONDS" -lt "$until" ] || die "$1 was not ready within $2 s"
    sleep 0.2
  done
}

stop_server() {
  local pid
  pid=$(server_pid)
  stop_process "$pid" "$(process_born "$pid")" 20
  rm -f "$LEADEX_VAR"/run/server.{pid,born,fingerprint}
}

# kill_database: SIGKILL for the postmaster of this exchange, and for nothing else.
kill_database() {
  local pid
  pg_at "$LEADEX_VAR/pg"
  pg_status || die 'PostgreSQL does not run'
  pid=$(pg_pid)
  kill -KILL "$pid"
}

# ---------------------------------------------------------------- what is traded

# make_market NAME [JQ_FILTER]: a market like those of the seed, changed by the filter.
make_market() {
  call "$admin" POST /v1/admin/markets "$(
    jq -n --arg id "$1" --argjson reserve "$(usd 1.00)" --argjson ask "$(usd 6.00)" '{
      id: $id, name: "Faults", currency: "USD", country: "US", mode: "agency",
      attributes: {type: "object", required: ["state", "age"], properties: {
        state: {type: "string", enum: ["CA", "NY", "TX"], visibility: "exact"},
        age: {type: "integer", minimum: 16, maximum: 110, visibility: "exact"}}},
      auction: {price_rule: "first_price", rank_by: "price", max_shares: 4, reserve: $reserve},
      listing: {ask: $ask, fall_s: 0, ttl_s: 2592000, auction_s: 86400}, commission: {rate_bp: 1500},
      spot_check: {method: "fixed", acceptable_rate_bp: 100, rejectable_rate_bp: 500, seller_risk_bp: 500,
        buyer_risk_bp: 1000, unreachable_max_bp: 7000}, realtime_check: "none", return_window_s: 604800,
      contest_s: 172800, decide_s: 604800, return_ceiling_bp: 2000, holdback_bp: 1000, holdback_s: 2592000,
      dedupe_s: 7776000, delivery_deadline_s: 300}'" | ${2:-.}"
  )" >/dev/null
}

# make_campaign BUYER MARKET BID FUNDS CAPS [TARGETING]: prints its id.
make_campaign() {
  local key id targeting='{"attribute":"age","lte":40}'
  key=$(buyer_key "$1")
  id=$(call "$key" POST /v1/campaigns "$(jq -cn --arg market "$2" --argjson bid "$(usd "$3")" --argjson caps "$5" \
    --argjson targeting "${6:-$targeting}" \
    '{name: "Faults", market: $market, pricing: {model: "cpl", bid: $bid}, targeting: $targeting,
      exclusivity: "shared", caps: $caps}')" | jq -r .id)
  call "$key" POST "/v1/campaigns/$id/fund" "{\"amount\":$(usd "$4")}" >/dev/null
  echo "$id"
}

# A lead of its own person, $n; every other one is young. For jq.
# shellcheck disable=SC2016 # its variables are jq's
lead_of_n='{
    market: $market, external_id: "\($n)", contact: {first_name: "Kim", last_name: "Roe",
      email: "kim\($n)@example.com", phone: "+1212\(2000000 + $n)"},
    attributes: {state: "CA", age: (30 + ($n % 2) * 20)},
    consent: {at: $now, text: "Call me about car insurance."}, source: {vehicle: "web_form", reason: "quote"},
    captured_at: $now}'

lead() { # lead MARKET NUMBER
  jq -cn --arg market "$1" --arg now "$(date -u +%FT%TZ)" --argjson n "$2" "$lead_of_n"
}

# posts KEY MARKET FIRST LAST: these leads as requests for leadex-burst, one a line.
posts() {
  jq -rn --arg key "$1" --arg market "$2" --argjson first "$3" --argjson last "$4" --arg now "$(date -u +%FT%TZ)" \
    "range(\$first; \$last + 1) as \$n | [\$key, \"POST\", \"/v1/leads\", \"\(\$market)-\(\$n)\", ($lead_of_n | tojson)] | join(\"\\t\")"
}

purchase() { # purchase MARKET EXCLUSIVE LIMIT
  jq -cn --arg market "$1" --argjson exclusive "$2" --argjson limit "$(usd "$3")" '{market: $market,
    filter: {attribute: "state", in: ["CA"]}, quantity: 1, limit_price: $limit, exclusive: $exclusive}'
}

# lead_file FIRST ROWS: a file to upload; one row in fifty has a bad phone number.
lead_file() {
  awk -v first="$1" -v rows="$2" -v now="$(date -u +%FT%TZ)" 'BEGIN {
    print "external_id,first_name,last_name,email,phone,captured_at,consent_at,consent_text,vehicle,source_reason,state,age"
    for (i = 0; i < rows; ++i) {
      n = first + i
      phone = i % 50 == 7 ? "12" : sprintf("+1646%d", 2000000 + n)
      printf "u%d,Ann,Poe,ann%d@example.com,%s,%s,%s,Call me.,web_form,quote,NY,%d\n", n, n, phone, now, now, 20 + n % 60
    }
  }'
}

# ---------------------------------------------------------------- what must hold

# check_money MARKET: the trial balance is 0; each sale has exactly one charge of its buyer's budget to
# the generator (net) and one to the exchange (commission), which make its gross; no other such
# transfer exists. Leaves the sales in $work/sales_all, one a line; prints how many.
check_money() {
  local sum wrong
  sum=$(call "$admin" GET '/v1/admin/ledger/trial-balance?currency=USD' | jq -r .sum)
  [ "$sum" = 0 ] || die "trial balance $sum"
  pages "$admin" "/v1/sales?market=$1" >"$work/sales_all"
  pages "$admin" "/v1/ledger/transfers?market=$1" >"$work/transfers_all"
  pages "$admin" "/v1/ledger/accounts?market=$1" >"$work/accounts_all"
  wrong=$(jq -rn --slurpfile sales "$work/sales_all" --slurpfile transfers "$work/transfers_all" \
    --slurpfile accounts "$work/accounts_all" '
    def micros: .amount | split(".") | (.[0] | tonumber) * 1000000 + (((.[1] // "0") + "000000")[0:6] | tonumber);
    ($accounts | map({key: .id, value: .code}) | from_entries) as $code |
    ($transfers | map(select(.code == "sale_net" or .code == "sale_commission")) | group_by(.sale_id)
      | map({key: (.[0].sale_id // "none"), value: .}) | from_entries) as $of |
    ($sales | map(.id)) as $ids |
    ($sales | group_by(.id)[] | select(length > 1) | "sale \(.[0].id) is listed twice"),
    ($sales | group_by([.lead_id // .click_id, .exclusive])[] | select(.[0].exclusive and length > 1)
      | "lead \(.[0].lead_id) was sold exclusively \(length) times"),
    ($sales | group_by(.lead_id // .click_id)[] | select(length > 4) | "lead \(.[0].lead_id) was sold \(length) times"),
    (($of | keys[]) as $id | select($ids | index([$id]) | not) | "transfers of \($id), which is no sale"),
    ($sales[] | . as $sale | ($of[.id] // []) as $moved
      | ($moved | map(select(.code == "sale_net"))) as $net
      | ($moved | map(select(.code == "sale_commission"))) as $fee
      | select(($net | length) != 1 or ($fee | length) != 1
          or ($net[0].amount | micros) != (.net | micros) or ($fee[0].amount | micros) != (.commission | micros)
          or (.gross | micros) != (.net | micros) + (.commission | micros)
          or $net[0].debit_account != $fee[0].debit_account or $code[$net[0].debit_account] != "budget"
          or $code[$net[0].credit_account] != "generator_pending"
          or $code[$fee[0].credit_account] != "commission")
      | "sale \(.id): \($moved | map({code, amount: .amount.amount, phase}) | tojson)")')
  [ -z "$wrong" ] || die "$(head -5 <<<"$wrong")"
  wc -l <"$work/sales_all"
}

# check_records LEADEX MARKET: books, chains and decisions as the program's own verbs see them.
check_records() {
  "$1" replay --market "$2"
  "$1" verify ledger
  "$1" verify audit
}

# check_cap CAMPAIGN LEADS SPEND: neither more sales of one day nor more spent (USD) than that, and the
# limit was met. Uses what check_money left.
check_cap() {
  local most spent days
  most=$(jq -s --arg id "$1" 'map(select(.campaign_id == $id)) | group_by(.sold_at[0:10]) | map(length) | max // 0' "$work/sales_all")
  spent=$(jq -s --arg id "$1" 'map(select(.campaign_id == $id) | .gross.amount | tonumber * 100 | round) | add // 0 | . / 100' "$work/sales_all")
  [ "$most" -le "$2" ] || die "campaign $1 bought $most leads of at most $2"
  jq -en --argjson spent "$spent" --argjson most "$3" '$spent <= $most' >/dev/null ||
    die "campaign $1 spent $spent of at most $3"
  days=$(jq -r '.sold_at[0:10]' "$work/sales_all" | sort -u | wc -l)
  if [ "$days" = 1 ] && [ "$most" -lt "$2" ]; then die "campaign $1 bought only $most leads of $2"; fi
  echo "campaign: $most leads (at most $2), $spent USD spent (at most $3)"
}
