#!/usr/bin/env bash
# Fence and takeover: server A owns the markets and is stopped (SIGSTOP) in the middle of its work.
# Server B takes over on the same database and sells. A goes on (SIGCONT): nothing that it still had
# under way may count. Each request that A had is either refused and can be made at B, or it is there
# and B gives the same answer to the same key.
#   takeover.sh LEADEX BURST      inside with_exchange.sh
set -euo pipefail
# shellcheck source=tests/e2e/lib/exchange.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib/exchange.sh"
leadex=$1 burst=$2
market=auto-insurance.us.usd
generator=$(generator_key 0)
base_a=$base base_b=https://127.0.0.1:$((LEADEX_PORT + 1))
server_a=$(server_pid)

# requests FIRST LAST: leads and purchases, one line each.
requests() {
  local i
  for i in $(seq "$1" "$2"); do
    if [ $((i % 2)) = 0 ]; then
      printf '%s\tPOST\t/v1/leads\tlead-%d\t%s\n' "$generator" "$i" "$(lead "$market" "$i")"
    else
      printf '%s\tPOST\t/v1/purchases\tbuy-%d\t%s\n' "$(buyer_key $((i % 3)))" "$i" "$(purchase "$market" false 6.00)"
    fi
  done
}

# loaded BASE_LOG FIELD: of the last line that tells of this market's loading.
loaded() {
  jq -rR --arg field "$2" 'fromjson? | select(.event == "market.loaded" and .market == 1) | .[$field]' "$1" | tail -n 1
}

wait_for_file() {
  for _ in $(seq 600); do
    [ ! -e "$1" ] || return 0
    sleep 0.1
  done
  die "$1 did not come"
}

# A number of leads to buy, then work under way and connections that stand ready.
requests 1 40 >"$work/first"
"$burst" "$base_a" "$ca" <"$work/first" >"$work/first.answers"
requests 1001 1080 >"$work/late"
"$burst" "$base_a" "$ca" "$work/ready" "$work/go" <"$work/late" >"$work/late.answers" &
late=$!
wait_for_file "$work/ready"
requests 2001 2060 >"$work/flight"
"$burst" "$base_a" "$ca" "$work/flight.ready" "$work/flight.go" <"$work/flight" >"$work/flight.answers" &
flight=$!
wait_for_file "$work/flight.ready"
touch "$work/flight.go"
sleep "0.$((RANDOM % 3))$((RANDOM % 10))"
kill -STOP "$server_a"
touch "$work/go" # these reach A's sockets and wait there
began=$SECONDS

serve_beside "$leadex" b LEADEX_PORT=$((LEADEX_PORT + 1))
wait_ready "$base_b" 60
base=$base_b
for _ in $(seq 600); do
  epoch_b=$(loaded "$LEADEX_VAR/log/b.log" epoch)
  [ -z "$epoch_b" ] || break
  sleep 0.1
done
[ -n "$epoch_b" ] || die 'B did not take over'
seq_b=$(loaded "$LEADEX_VAR/log/b.log" seq)
echo "B has the market after $((SECONDS - began)) s, under epoch $epoch_b from batch $seq_b on; A had $(loaded "$LEADEX_VAR/log/server.log" epoch)"
[ "$epoch_b" -gt "$(loaded "$LEADEX_VAR/log/server.log" epoch)" ] || die 'B has no epoch of its own'

# B sells while A sleeps.
requests 3001 3040 >"$work/of_b"
"$burst" "$base_b" "$ca" <"$work/of_b" >"$work/of_b.answers"
[ "$(grep -c '^201' "$work/of_b.answers")" = 40 ] || die "B refused: $(cut -f1 "$work/of_b.answers" | sort | uniq -c)"
sold_b=$(cut -f2 "$work/of_b.answers" | jq -r '.sales[]? | strings' | wc -l)
[ "$sold_b" -gt 0 ] || die 'B sold nothing'
before=$(check_money "$market")

kill -CONT "$server_a"
wait "$late" || true
wait "$flight" || true
for name in late flight; do
  echo "A, $name: $(cut -f1 "$work/$name.answers" | sort | uniq -c | xargs)"
done
# What came to A after it had slept: all refused, by the fence or since it knows that it lost.
accepted=$(grep -c '^2' "$work/late.answers" || true)
[ "$accepted" = 0 ] || die "A accepted $accepted requests after it was taken over: $(grep -m 2 '^2' "$work/late.answers")"
awk -F '\t' '$1 != 503 { exit 1 }' "$work/late.answers" || die "no clean refusal: $(grep -v '^503' "$work/late.answers" | head -3)"
[ "$(check_money "$market")" = "$before" ] || die "A sold after it was taken over: $before sales became $(wc -l <"$work/sales_all")"
[ "$(loaded "$LEADEX_VAR/log/server.log" epoch)" -lt "$epoch_b" ] || die 'A has the market again'
status=$(base=$base_a send "$generator" POST /v1/leads after-1 "$(lead "$market" 5001)" "$work/refused")
if [ "$status" != 503 ] || ! grep -q not_owner "$work/refused"; then die "A: $status $(cat "$work/refused")"; fi

# The same keys at B: what A had told stands with the same bytes, everything else is done now.
"$burst" "$base_b" "$ca" <"$work/flight" >"$work/flight.again"
"$burst" "$base_b" "$ca" <"$work/late" >"$work/late.again"
told=0
while IFS=$'\t' read -r status body && IFS=$'\t' read -r again same <&3; do
  [ "$again" = 201 ] || die "B does not answer the key: $again $same"
  case $status in
    201)
      told=$((told + 1))
      [ "$body" = "$same" ] || die "A told $body and B $same"
      ;;
    503) ;;
    *) die "A: $status $body" ;;
  esac
done <"$work/flight.answers" 3<"$work/flight.again"
[ "$(grep -c '^201' "$work/late.again")" = 80 ] || die 'B refused what A had refused'
echo "of 60 requests under way at A $told were told of and stand; B did the rest by their keys"

# Every sale that stands was told of by somebody, once.
total=$(check_money "$market")
cut -f2 "$work"/{first,of_b}.answers "$work"/{flight,late}.again | jq -r '.sales[]? | strings' | sort >"$work/told"
jq -r .id "$work/sales_all" | sort >"$work/stand"
cmp -s "$work/told" "$work/stand" || die "$(wc -l <"$work/told") sales were told of, $total stand"
# The record shows it too: no batch after B's first one has an earlier epoch. Epochs never go back
# (replay looks), and where B had to wait for a lock of A's, it went on under a newer one of its own.
"$leadex" replay --market "$market" | tee "$work/replay"
sed -nE 's/.*; epoch ([0-9]+) since batch ([0-9]+)$/\1 \2/p' "$work/replay" |
  awk -v epoch="$epoch_b" -v from="$((seq_b + 1))" '{ fine = $1 >= epoch && $2 >= from } END { exit !fine }' ||
  die 'batches of A follow those of B'
"$leadex" verify ledger
"$leadex" verify audit
echo "takeover: 0 writes of A accepted, $total sales stand, each told of once"
