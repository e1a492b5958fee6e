#!/usr/bin/env bash
# Planted changes: with the server stopped, the owner of this throw-away database changes, deletes and
# swaps rows of transfers, batches, auctions, sales and the audit chain, and cuts ends off. The verb
# that has to find it fails and names the first bad one, which is the one that was planted; after each
# plant the tables are put back.
#   planted.sh LEADEX      inside with_exchange.sh
set -euo pipefail
# shellcheck source=tests/e2e/lib/exchange.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib/exchange.sh"
leadex=$1
market=auto-insurance.us.usd
tables='transfer commit_batch auction sale audit audit_head market_head'
plants=0

sql() {
  PGPASSWORD=$(pg_password owner) PGOPTIONS='-c search_path=leadex' "$pg_bin/psql" --no-psqlrc --quiet --no-align \
    --tuples-only --set=ON_ERROR_STOP=1 --host="$pg_socket" --port=5432 --username=leadex_owner --dbname=leadex
}
ask() { sql <<<"$1"; }

# plant WHAT VERB NAMED SQL: the verb (words of leadex) has to fail and to print NAMED (an extended
# regular expression) as the first that it finds wrong.
plant() {
  local table
  ask "begin; $4; commit"
  # shellcheck disable=SC2086 # the verb's words
  if "$leadex" $2 >"$work/out" 2>&1; then die "$1: leadex $2 finds nothing wrong"; fi
  # The lines of streams in order come before the one that is not.
  grep -vE ': (in order|identical|balances equal)' "$work/out" >"$work/wrong" || true
  head -n 1 "$work/wrong" | grep -qE "^$3" || die "$1: leadex $2 does not name $3 but: $(cat "$work/wrong")"
  plants=$((plants + 1))
  for table in $tables; do
    ask "begin; truncate leadex.$table; insert into leadex.$table select * from kept.$table; commit"
  done
}

# swap TABLE KEYS A B: SQL by which the rows A and B (conditions) get each other's KEYS.
swap() {
  echo "create temp table one as select * from $1 where $3; create temp table two as select * from $1 where $4;
    create temp table key_one as select $2 from one; create temp table key_two as select $2 from two;
    delete from $1 where $3; delete from $1 where $4;
    update one set ($2) = (select * from key_two); update two set ($2) = (select * from key_one);
    insert into $1 select * from one; insert into $1 select * from two"
}

# ---------------------------------------------------------------- a little trade, then the server stops
campaign=$(make_campaign 0 "$market" 2.00 100.00 '{}')
for n in $(seq 12); do
  call "$(generator_key 0)" POST /v1/leads "$(lead "$market" "$n")" >/dev/null
  call "$(buyer_key 1)" POST /v1/purchases "$(purchase "$market" false 6.00)" >/dev/null
done
check_money "$market" >/dev/null
[ "$(jq -r 'select(.campaign_id != null) | .campaign_id' "$work/sales_all" | sort -u)" = "$campaign" ] || die 'the campaign bought nothing'
lead_file 0 20 >"$work/leads.csv"
for i in 1 2; do
  [ "$(send "$(generator_key 0)" POST "/v1/batches?market=$market" "upload-$i" "@$work/leads.csv" "$work/up" text/csv)" = 202 ] ||
    die "no upload: $(cat "$work/up")"
done

# Signed heads are written at the start and every minute: the second server knows of the newest rows.
pg_at "$LEADEX_VAR/pg"
pg_choose_socket
stop_server
heads=$LEADEX_VAR/audit/heads.log
had=$(wc -l <"$heads")
serve_beside "$leadex" again
wait_ready "$base" 60
for _ in $(seq 100); do
  [ "$(wc -l <"$heads")" -eq "$had" ] || break
  sleep 0.1
done
kill -TERM "$served_pid"
wait "$served_pid" || true

no=$(ask "select market_id from market where name = '$market'")
for verb in replay 'verify ledger' 'verify audit'; do
  # shellcheck disable=SC2086
  "$leadex" $verb || die "leadex $verb before anything was planted"
done
{
  echo 'create schema kept;'
  for table in $tables; do
    echo "alter table leadex.$table disable trigger user; create table kept.$table as table leadex.$table;"
  done
} | sql

# Two batches with a sale each, not the first nor the last.
first=$(ask "select batch_seq from sale where market_id = $no order by batch_seq offset 3 limit 1")
second=$(ask "select batch_seq from sale where market_id = $no and batch_seq > $first order by batch_seq offset 2 limit 1")
last=$(ask "select max(seq) from commit_batch where market_id = $no")
of="market_id = $no and"

# ---------------------------------------------------------------- transfers and batches of a market
row="$of n = 0 and batch_seq ="
chain="$market: batch $first command -1: chain"
for verb in 'verify ledger' replay; do
  plant 'a transfer changed' "$verb" "$chain" "update transfer set amount = amount + 1 where $row $first"
  plant 'a transfer deleted' "$verb" "$chain" "delete from transfer where $row $first"
  plant 'two transfers swapped' "$verb" "$chain" "$(swap transfer batch_seq "$row $first" "$row $second")"
  plant 'a batch changed' "$verb" "$chain" "update commit_batch set body = set_byte(body, 9, get_byte(body, 9) # 1) where $of seq = $first"
  plant 'a batch with another time' "$verb" "$chain" "update commit_batch set at_us = at_us + 1 where $of seq = $first"
  plant 'a batch with another hash' "$verb" "$chain" "update commit_batch set hash = sha256(hash) where $of seq = $first"
  plant 'a batch with an earlier epoch' "$verb" "$chain: its owner had been succeeded" "update commit_batch set epoch = epoch - 1 where $of seq = $first"
  plant 'a batch deleted' "$verb" "$chain: a batch is missing" "delete from commit_batch where $of seq = $first"
  plant 'two batches swapped' "$verb" "$chain" "$(swap commit_batch seq "$of seq = $first" "$of seq = $second")"
  plant 'the last batch deleted' "$verb" "$market: batch $last command -1: chain: a batch is missing" \
    "delete from commit_batch where $of seq = $last"
done
plant 'a transfer of no batch' 'verify ledger' "$market: batch $((last + 1)) .*transfer_without_batch" \
  "insert into transfer select market_id, $((last + 1)), n, debit, credit, amount, code, 0, lead_no, slot from transfer where $row $first"

# ---------------------------------------------------------------- auctions and sales
auction=$(ask "select batch_seq from auction where market_id = $no order by auction_no offset 1 limit 1")
other=$(ask "select batch_seq from auction where market_id = $no and batch_seq > $auction order by auction_no offset 1 limit 1")
chain="$market: batch $auction command -1: chain"
for verb in 'verify ledger' replay; do
  plant 'an auction changed' "$verb" "$chain" "update auction set record = set_byte(record, 3, get_byte(record, 3) # 1) where $of batch_seq = $auction"
  plant 'an auction deleted' "$verb" "$chain" "delete from auction where $of batch_seq = $auction"
  plant 'two auctions swapped' "$verb" "$chain" "$(swap auction auction_no "$of batch_seq = $auction" "$of batch_seq = $other")"
done
sale="$market: batch $first account 0: sale_differs"
plant 'a sale changed' 'verify ledger' "$sale" "update sale set gross = gross + 1 where $of batch_seq = $first"
plant 'a sale of another buyer' 'verify ledger' "$sale" "update sale set buyer = buyer + 1 where $of batch_seq = $first"
plant 'a sale deleted' 'verify ledger' "$sale" "delete from sale where $of batch_seq = $first"
plant 'two sales swapped' 'verify ledger' "$sale" \
  "$(swap sale 'batch_seq, n' "$of batch_seq = $first" "$of batch_seq = $second")"

# ---------------------------------------------------------------- the platform's books
of='market_id = 0 and'
named='platform: batch 3 account 0'
plant 'a deposit changed' 'verify ledger' "$named" "update transfer set amount = amount + 1 where $of batch_seq = 3"
plant 'a deposit deleted' 'verify ledger' "$named" "delete from transfer where $of batch_seq = 3"
plant 'a deposit swapped with a funding' 'verify ledger' "$named" "$(swap transfer batch_seq "$of batch_seq = 3" "$of batch_seq = 4")"
plant 'a batch of the platform changed' 'verify ledger' "$named" "update commit_batch set at_us = at_us + 1 where $of seq = 3"
plant 'a batch of the platform under another epoch' 'verify ledger' "$named" "update commit_batch set epoch = epoch + 1 where $of seq = 3"
plant 'a batch of the platform deleted' 'verify ledger' "$named: batch_missing" "delete from commit_batch where $of seq = 3"
plant 'two batches of the platform swapped' 'verify ledger' "$named" "$(swap commit_batch seq "$of seq = 3" "$of seq = 4")"
last=$(ask 'select max(seq) from commit_batch where market_id = 0')
plant 'the last batch of the platform deleted' 'verify ledger' "platform: batch $last account 0: head_differs" \
  "delete from commit_batch where $of seq = $last; delete from transfer where $of batch_seq = $last"

# ---------------------------------------------------------------- the audit chain
for stream in 0 "$no"; do
  last=$(ask "select max(seq) from audit where stream = $stream")
  [ "$last" -ge 2 ] || die "stream $stream has too few rows"
  at=$(((last + 1) / 2))
  of="stream = $stream and seq ="
  named="stream $stream row $at:"
  plant 'an audit row changed' 'verify audit' "$named changed" "update audit set payload = payload || ' ' where $of $at"
  plant 'an audit row of another person' 'verify audit' "$named changed" "update audit set principal_no = principal_no + 1 where $of $at"
  plant 'an audit row deleted' 'verify audit' "$named gap" "delete from audit where $of $at"
  plant 'two audit rows swapped' 'verify audit' "$named changed" "$(swap audit seq "$of $at" "$of $last")"
  plant 'the end of the audit chain cut off' 'verify audit' "stream $stream row $last: truncated" "delete from audit where $of $last"
  # The head in the database goes along: only the signed one outside it knows better.
  plant 'the end of the audit chain cut off with its head' 'verify audit' "stream $stream row $at: truncated" \
    "delete from audit where stream = $stream and seq >= $at; update audit_head set seq = $((at - 1)),
     hash = coalesce((select hash from audit where $of $((at - 1))), decode(repeat('00', 32), 'hex')) where stream = $stream"
  # So does a whole chain that somebody has made anew up to there: the signed head has another hash.
  plant 'the last audit row written anew' 'verify audit' "stream $stream row $last: (changed|head_mismatch)" \
    "update audit set payload = payload || ' ', hash = sha256(hash) where $of $last;
     update audit_head set hash = (select hash from audit where $of $last) where stream = $stream"
done

for verb in replay 'verify ledger' 'verify audit'; do
  # shellcheck disable=SC2086
  "$leadex" $verb >/dev/null || die "leadex $verb after all was put back"
done
echo "$plants plants, each one found and named; the tables are in order again"
