# shellcheck shell=bash disable=SC2154 # work and others are exchange.sh's
# Clients that go on whatever happens: they post leads, buy and upload, each request with its key until
# there is a word on it, and write down what they were told. Sourced after exchange.sh. $work/stop ends
# them; check_load compares what they were told with what stands.

load_market=''
load_campaigns=()
upload_rows=300

# Without its folder the test is over, whatever ended it.
load_goes_on() { [ -d "$work" ] && [ ! -e "$work/stop" ]; }

# load_begin MARKET: three capped campaigns, then the clients.
load_begin() {
  local worker
  load_market=$1
  load_campaigns[0]=$(make_campaign 0 "$1" 2.00 300.00 '{"leads":{"day":8}}')
  load_campaigns[1]=$(make_campaign 1 "$1" 2.10 300.00 "{\"spend\":{\"day\":$(usd 16.80)}}")
  load_campaigns[2]=$(make_campaign 2 "$1" 2.50 20.00 '{}')
  for worker in 0 1; do generate "$worker" & done
  for worker in 0 1 2; do buy "$worker" & done
  upload 0 &
}

# load_end: when the young leads have been more than any campaign may buy.
load_end() {
  local until=$((SECONDS + 120))
  until [ "$(cat "$work"/leads.? 2>/dev/null | wc -l)" -ge 30 ]; do
    [ "$SECONDS" -lt "$until" ] || die 'too few leads were taken'
    sleep 0.2
  done
  touch "$work/stop"
  wait_for_clients
}

# Servers of the test's own are children too and go on.
wait_for_clients() {
  local job
  for job in $(jobs -p); do
    [[ " ${own_servers[*]} " == *" $job "* ]] || wait "$job"
  done
}

generate() { # generate WORKER
  local key i n status
  key=$(generator_key "$1")
  for i in $(seq 20000); do
    load_goes_on || return 0
    n=$(($1 * 100000 + i))
    status=$(until_answered "$key" POST /v1/leads "lead-$n" "$(lead "$load_market" "$n")" "$work/lead.$1")
    if [ "$status" = 201 ]; then
      jq -c '{lead_id, sales: (.sales | length)}' "$work/lead.$1" >>"$work/leads.$1"
    else
      echo "lead $status $(head -c 200 "$work/lead.$1")" >>"$work/refused.lead.$1"
    fi
  done
}

buy() { # buy WORKER
  local key i status body
  key=$(buyer_key "$1")
  body=$(purchase "$load_market" false 6.00)
  for i in $(seq 20000); do
    load_goes_on || return 0
    status=$(until_answered "$key" POST /v1/purchases "buy-$1-$i" "$body" "$work/bought.$1")
    if [ "$status" = 201 ]; then
      jq -r --arg key "buy-$1-$i" '.sales[] | "\($key) \(.)"' "$work/bought.$1" >>"$work/sales.$1"
      cp "$work/bought.$1" "$work/answer.$1"
      echo "buy-$1-$i" >"$work/key.$1"
    else
      echo "purchase $status $(head -c 200 "$work/bought.$1")" >>"$work/refused.buy.$1"
    fi
  done
}

upload() { # upload WORKER
  local key i status file=$work/upload.$1.csv
  key=$(generator_key "$1")
  for i in $(seq 0 5000); do
    load_goes_on || return 0
    lead_file "$((i * upload_rows))" "$upload_rows" >"$file"
    status=$(until_answered "$key" POST "/v1/batches?market=$load_market" "upload-$1-$i" "@$file" "$work/up.$1" text/csv)
    if [ "$status" = 202 ]; then
      jq -c . "$work/up.$1" >>"$work/uploads.$1"
    else
      echo "upload $status $(head -c 200 "$work/up.$1")" >>"$work/refused.upload.$1"
    fi
  done
}

# check_load LEADEX: everything a client was told holds, nothing else was sold, no limit was passed, and
# the books and records are in order.
check_load() {
  local total
  total=$(check_money "$load_market")
  cat "$work"/leads.* >"$work/leads_told" 2>/dev/null || true
  cat "$work"/sales.? >"$work/sales_told" 2>/dev/null || true
  echo "told: $(wc -l <"$work/leads_told") leads taken, $(wc -l <"$work/sales_told") purchased;" \
    "$total sales stand"
  refusals_are_none
  check_purchases_told
  check_leads_told
  check_cap "${load_campaigns[0]}" 8 300
  check_cap "${load_campaigns[1]}" 8 16.80
  check_cap "${load_campaigns[2]}" 8 20
  check_uploads
  check_records "$1" "$load_market"
}

# Every request can be carried out, so in the end none may be refused.
refusals_are_none() {
  cat "$work"/refused.* >"$work/refused_all" 2>/dev/null || true
  [ ! -s "$work/refused_all" ] || die "refused: $(sort "$work/refused_all" | uniq -c | sort -rn | head -3)"
}

check_purchases_told() {
  local worker status
  [ -s "$work/sales_told" ] || die 'nothing was purchased'
  cut -d' ' -f2 "$work/sales_told" | sort >"$work/told"
  [ -z "$(uniq -d "$work/told")" ] || die 'a sale was told of twice'
  jq -r 'select(.campaign_id == null) | .id' "$work/sales_all" | sort >"$work/stand"
  [ -z "$(comm -23 "$work/told" "$work/stand")" ] || die 'a purchase that was told of is lost'
  [ -z "$(comm -13 "$work/told" "$work/stand")" ] || die 'a purchase stands that nobody was told of'
  # The same key gives the same bytes again.
  for worker in 0 1 2; do
    [ -s "$work/key.$worker" ] || continue
    status=$(send "$(buyer_key "$worker")" POST /v1/purchases "$(cat "$work/key.$worker")" \
      "$(purchase "$load_market" false 6.00)" "$work/again")
    cmp -s "$work/again" "$work/answer.$worker" || die "the same key gave another answer ($status): $(cat "$work/again")"
  done
}

# Each lead was sold to campaigns as often as its generator was told.
check_leads_told() {
  local wrong
  [ -s "$work/leads_told" ] || die 'no lead was taken'
  wrong=$(jq -rn --slurpfile leads "$work/leads_told" --slurpfile sales "$work/sales_all" '
    ($sales | map(select(.campaign_id != null)) | group_by(.lead_id) | map({key: .[0].lead_id, value: length}) | from_entries) as $sold |
    ($leads | map({key: .lead_id, value: .sales}) | from_entries) as $told |
    ($leads | group_by(.lead_id)[] | select(length > 1) | "lead \(.[0].lead_id) was told of twice"),
    ($told | to_entries[] | select(($sold[.key] // 0) != .value) | "lead \(.key): \(.value) sales told of, \($sold[.key] // 0) stand"),
    ($sold | keys[] | select($told[.] == null) | "lead \(.) was sold and not told of")')
  [ -z "$wrong" ] || die "$(head -5 <<<"$wrong")"
  jq -es 'map(.sales) | add > 0' "$work/leads_told" >/dev/null || die 'no campaign bought'
}

# Counts add up; what was told is whole; what was cut off closes by itself.
check_uploads() {
  local key told open='' id
  key=$(generator_key 0)
  for _ in $(seq 120); do
    pages "$key" "/v1/batches?market=$load_market" >"$work/batches"
    open=$(jq -r 'select(.status == "receiving") | .id' "$work/batches")
    [ -n "$open" ] || break
    sleep 0.5
  done
  [ -z "$open" ] || die "uploads stay open: $open"
  jq -es 'all(.counts | .read == .accepted + .duplicate + .suppressed + .rejected)' "$work/batches" >/dev/null ||
    die 'counts of an upload do not add up'
  [ -s "$work/uploads.0" ] || die 'nothing was uploaded'
  told=$(wc -l <"$work/uploads.0")
  jq -es --argjson rows "$upload_rows" 'all(.counts.read == $rows)' "$work/uploads.0" >/dev/null || die 'an upload lost rows'
  jq -r '.id' "$work/uploads.0" | sort >"$work/told"
  jq -r '.id' "$work/batches" | sort >"$work/stand"
  [ -z "$(comm -23 "$work/told" "$work/stand")" ] || die 'an upload that was told of is lost'
  jq -en --slurpfile told "$work/uploads.0" --slurpfile stand "$work/batches" '
    ($stand | map({key: .id, value: .counts}) | from_entries) as $now | $told | all($now[.id] == .counts)' >/dev/null ||
    die 'counts of an upload changed after the answer'
  for id in $(head -3 "$work/told"); do
    [ "$(pages "$key" "/v1/batches/$id/rows" | wc -l)" = "$upload_rows" ] || die "upload $id does not have its rows"
  done
  echo "uploads: $told told of, $(wc -l <"$work/batches") lots; counts add up, none stays open"
}
