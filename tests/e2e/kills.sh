#!/usr/bin/env bash
# Truth under failure: the server is killed (SIGKILL) again and again at random points while leads are
# posted and bought. Afterwards every acknowledged sale is there, none twice; what was in doubt is
# settled by its Idempotency-Key; books, chain and replay are in order.
#   kills.sh LEADEX [KILLS]     inside with_exchange.sh
set -euo pipefail
repo=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
leadex=$1 kills=${2:-4}
credentials=$LEADEX_VAR/dev/credentials.json
base=$(jq -r .base_url "$credentials") ca=$LEADEX_VAR/$(jq -r .ca_file "$credentials")
admin=$(jq -r .admin_key "$credentials")
market=auto-insurance.us.usd
work=$(mktemp -d)
stop=$work/stop

die() { echo "FAILED: $*" >&2 && exit 1; }

# send KEY METHOD PATH IDEMPOTENCY_KEY BODY FILE: prints the status, 000 when there was no answer.
send() {
  curl -s -o "$6" -w '%{http_code}' --max-time 20 --cacert "$ca" -X "$2" -H "Authorization: Bearer $1" \
    -H "Idempotency-Key: $4" -H 'Content-Type: application/json' --data-binary "$5" "$base$3" || true
}

# until_answered …as send: the same key again until there is a word on it; status and body in FILE.
until_answered() {
  local status
  for _ in $(seq 300); do
    status=$(send "$@")
    case $status in
      000 | 409 | 429 | 5??)
        if [ "$status" = 409 ] && ! grep -q in_progress "$6"; then break; fi
        sleep 0.2
        ;;
      *) break ;;
    esac
  done
  echo "$status"
}

lead() { # lead NUMBER
  local now
  now=$(date -u +%FT%TZ)
  jq -cn --arg market "$market" --arg now "$now" --arg n "$1" --arg phone "+1212$(printf '%07d' $((2000000 + $1)))" '{
    market: $market, external_id: $n, contact: {first_name: "Kim", last_name: "Roe", email: "kim\($n)@example.com", phone: $phone},
    attributes: {state: "CA", age: 40, own_home: true}, consent: {at: $now, text: "Call me about car insurance."},
    source: {vehicle: "web_form", reason: "quote"}, captured_at: $now}'
}

generate() { # generate WORKER
  local key i n status
  key=$(jq -r ".generators[$1].key" "$credentials")
  for i in $(seq 2000); do
    [ ! -e "$stop" ] || return 0
    n=$(($1 * 100000 + i))
    status=$(until_answered "$key" POST /v1/leads "lead-$n" "$(lead "$n")" "$work/lead.$1")
    echo "$status" >>"$work/leads.$1"
  done
}

buy() { # buy WORKER
  local key i status body
  key=$(jq -r ".buyers[$1].key" "$credentials")
  body="{\"market\":\"$market\",\"filter\":{\"attribute\":\"state\",\"in\":[\"CA\"]},\"quantity\":1,\"limit_price\":{\"amount\":\"6.00\",\"currency\":\"USD\"},\"exclusive\":false}"
  for i in $(seq 2000); do
    [ ! -e "$stop" ] || return 0
    status=$(until_answered "$key" POST /v1/purchases "buy-$1-$i" "$body" "$work/bought.$1")
    case $status in
      201) jq -r --arg key "buy-$1-$i" '.sales[] | "\($key) \(.)"' "$work/bought.$1" >>"$work/sales.$1" ;;
      *) echo "$status $(head -c 200 "$work/bought.$1")" >>"$work/refused.$1" ;;
    esac
  done
}

for worker in 0 1; do generate "$worker" & done
for worker in 0 1 2; do buy "$worker" & done
for round in $(seq "$kills"); do
  sleep "$((RANDOM % 2 + 1)).$((RANDOM % 10))"
  kill -KILL "$(awk '{ print $1; exit }' "$LEADEX_VAR/run/server.pid")"
  env -u LEADEX_DATABASE_OWNER "$repo/deploy/up" --no-demo --binary "$leadex" >"$work/up" 2>&1 || {
    cat "$work/up" >&2
    touch "$stop"
    die "the server did not come back after kill $round"
  }
done
sleep 2
touch "$stop"
wait

posted=$(cat "$work"/leads.* | grep -c 201 || true)
cat "$work"/sales.* 2>/dev/null | sort >"$work/sales" || true
acknowledged=$(wc -l <"$work/sales")
echo "$kills kills; $posted leads taken, $acknowledged sales acknowledged"
[ "$acknowledged" -gt 0 ] || die "nothing was sold: $(cat "$work"/refused.* 2>/dev/null | sort | uniq -c | sort -rn | head -3)"
cut -d' ' -f2 "$work/sales" | sort | uniq -d | grep -q . && die 'a sale was acknowledged twice'

# Every acknowledged sale is there, and the same key gives the same sale again.
for worker in 0 1 2; do
  key=$(jq -r ".buyers[$worker].key" "$credentials")
  cursor='' && : >"$work/known.$worker"
  while :; do
    page=$(curl -sS --fail-with-body --cacert "$ca" -H "Authorization: Bearer $key" \
      "$base/v1/sales?limit=500${cursor:+&cursor=$cursor}")
    jq -r '.data[].id' <<<"$page" >>"$work/known.$worker"
    cursor=$(jq -r '.next_cursor // empty' <<<"$page")
    [ -n "$cursor" ] || break
  done
  sort "$work/known.$worker" >"$work/known"
  if [ -e "$work/sales.$worker" ]; then
    cut -d' ' -f2 "$work/sales.$worker" | sort | comm -23 - "$work/known" | grep -q . && die 'an acknowledged sale is lost'
  fi
  sort "$work/known.$worker" | uniq -d | grep -q . && die 'a sale stands twice'
done
total=$(cat "$work"/known.? | wc -l)
[ "$total" = "$acknowledged" ] || die "$total sales stand, $acknowledged were acknowledged"
sum=$(curl -sS --fail-with-body --cacert "$ca" -H "Authorization: Bearer $admin" \
  "$base/v1/admin/ledger/trial-balance?currency=USD" | jq -r .sum)
[ "$sum" = 0 ] || die "trial balance $sum"
"$leadex" replay --market "$market"
"$leadex" verify ledger
"$leadex" verify audit
rm -rf "$work"
echo 'every acknowledged sale stands once; trial balance 0'
