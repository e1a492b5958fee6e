#!/usr/bin/env bash
# Hosted forms by the whole program: pages over TLS on a port of their own, a lead that is sold, and one
# that is sold only after the link in a mail was confirmed; the mail goes through a real mail server.
#   forms.sh LEADEX      inside with_exchange.sh
set -euo pipefail
# shellcheck source=tests/e2e/lib/exchange.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib/exchange.sh"
leadex=$1
market=forms.us.usd
forms_port=$((30000 + RANDOM % 1000)) smtp_port=$((31000 + RANDOM % 1000))
pages=https://127.0.0.1:$forms_port

[ -x /usr/bin/aiosmtpd ] || die 'python3-aiosmtpd is not installed'
/usr/bin/aiosmtpd -n -l "127.0.0.1:$smtp_port" -c aiosmtpd.handlers.Mailbox "$work/box" 2>"$work/smtp" &
own_servers+=($!)

stop_server
export LEADEX_FORMS_PORT=$forms_port LEADEX_FORMS_URL=$pages LEADEX_SMTP_URL=smtp://127.0.0.1:$smtp_port
export LEADEX_SMTP_FROM=forms@exchange.example.com
bring_up "$leadex"
make_market "$market"

campaign=$(call "$(buyer_key 0)" POST /v1/campaigns "$(jq -cn --arg market "$market" --argjson bid "$(usd 5.00)" \
  '{name: "Leads", market: $market, pricing: {model: "cpl", bid: $bid}}')" | jq -r .id)
call "$(buyer_key 0)" POST "/v1/campaigns/$campaign/fund" "{\"amount\":$(usd 100.00)}" >/dev/null

# form DOUBLE_OPT_IN: prints its id.
form() {
  call "$(generator_key 0)" POST /v1/forms "$(jq -cn --arg market "$market" --argjson twice "$1" '{market: $market,
    definition: {title: "Quote", consent: "I agree to be called.", reason: "quote", double_opt_in: $twice,
      sites: ["https://shop.example.com"], texts: {mail_subject: "Bitte bestätigen"}, fields: [
      {name: "contact.first_name", label: "First name", required: true},
      {name: "contact.last_name", label: "Last name", required: true},
      {name: "contact.email", label: "E-mail", required: true},
      {name: "attributes.age", label: "Age", required: true},
      {name: "attributes.state", label: "State", required: true, choices: [{value: "NY", label: "New York"}]}]}}')" |
    jq -r .id
}

# page FILE PATH [CURL_OPTION...]: prints the status; body in FILE, headers in FILE.head.
page() {
  local file=$1 path=$2
  shift 2
  curl -s -o "$file" -D "$file.head" -w '%{http_code}' --max-time 20 --cacert "$ca" -A 'Browser 1' "$@" "$pages$path"
}
token_in() { sed -n 's/.*name="token" value="\([A-Za-z0-9_-]*\)".*/\1/p' "$1"; }
# send_form ID NAME: fills in a fresh page and sends it; prints the status, the answer in $work/answer.html.
send_form() {
  [ "$(page "$work/page.html" "/f/$1?utm_source=news")" = 200 ] || die "the page: $(cat "$work/page.html")"
  page "$work/answer.html" "/f/$1" --data-urlencode "token=$(token_in "$work/page.html")" \
    --data-urlencode "contact.first_name=Ann" --data-urlencode "contact.last_name=Lee" \
    --data-urlencode "contact.email=$2@mailbox.example.org" --data attributes.age=30 --data attributes.state=NY \
    --data consent=yes
}
# expect WHAT FOUND WANTED
expect() { [ "$2" = "$3" ] || die "$1: $2, not $3"; }
sales() { call "$(buyer_key 0)" GET "/v1/sales?market=$market" | jq '.data | length'; }
mails() { find "$work/box/new" -type f 2>/dev/null | wc -l; }
funnel() { call "$(generator_key 0)" GET "/v1/forms/$1/funnel" | jq -r "$2"; }

# ---------------------------------------------------------------- a form by itself

plain=$(form false)
expect 'the API serves no pages' "$(curl -s -o /dev/null -w '%{http_code}' --cacert "$ca" "$base/f/$plain")" 404
expect 'the pages have no API' "$(page "$work/x" /v1/markets)" 404
expect 'sent in' "$(send_form "$plain" ann)" 200
grep -q 'Thank you' "$work/answer.html" || die "no thanks: $(cat "$work/answer.html")"
expect sales "$(sales)" 1
cp "$work/answer.html" "$work/first.html"
expect 'sent in by a known person' "$(send_form "$plain" ann)" 200
cmp -s "$work/answer.html" "$work/first.html" || die 'a known person sees another page'
expect 'sales of a known person' "$(sales)" 1
for head in "$work/page.html.head" "$work/answer.html.head"; do
  if grep -qi '^set-cookie' "$head"; then die 'a page sets a cookie'; fi
  grep -qi "^content-security-policy: default-src 'none';.* frame-ancestors https://shop.example.com" "$head" ||
    die "no policy: $(cat "$head")"
done
if grep -qi '<script' "$work/page.html"; then die 'a page has a script'; fi

# ---------------------------------------------------------------- confirmed by mail

twice=$(form true)
expect 'sent in' "$(send_form "$twice" bob)" 200
cp "$work/answer.html" "$work/first.html"
for _ in $(seq 100); do
  [ "$(mails)" = 0 ] || break
  sleep 0.2
done
expect mails "$(mails)" 1
expect 'sent in again' "$(send_form "$twice" bob)" 200
cmp -s "$work/answer.html" "$work/first.html" || die 'who gets no mail sees another page'
mail=$(find "$work/box/new" -type f)
grep -q '^To: <bob@mailbox.example.org>' "$mail" || die "the mail goes elsewhere: $(cat "$mail")"
grep -q '^From: <forms@exchange.example.com>' "$mail" || die "the mail comes from elsewhere: $(cat "$mail")"
link=$(sed '1,/^\r*$/d' "$mail" | tr -d '\r\n' | base64 -d | grep -o "$pages/f/$twice/confirm?token=[A-Za-z0-9_-]*") ||
  die "no link in the mail: $(cat "$mail")"
expect 'sales before' "$(sales)" 1
expect 'the link' "$(page "$work/confirm.html" "${link#"$pages"}")" 200
expect 'sales of a scanned link' "$(sales)" 1
for _ in 1 2; do
  expect 'the button' "$(page "$work/answer.html" "/f/$twice/confirm" --data "token=$(token_in "$work/confirm.html")")" 200
done
expect 'sales after' "$(sales)" 2
sale=$(call "$(buyer_key 0)" GET "/v1/sales?market=$market" | jq -r '.data[0].id')
call "$(buyer_key 0)" GET "/v1/sales/$sale/contact?reason=test" >"$work/contact"
expect 'the contact' "$(jq -r .contact.email "$work/contact")" bob@mailbox.example.org
expect 'the consent' "$(jq -r '.consent.text' "$work/contact")" 'I agree to be called.'
jq -e '.consent.form.confirmed_at and .consent.form.form_ms >= 0' "$work/contact" >/dev/null ||
  die "no proof: $(jq -c .consent "$work/contact")"

# ---------------------------------------------------------------- what must hold

expect 'the funnel' "$(funnel "$plain" '"\(.visits) \(.submits) \(.leads) \(.sold) \(.refused)"')" '2 2 1 1 1'
expect 'the funnel with mails' \
  "$(funnel "$twice" '"\(.visits) \(.submits) \(.waiting) \(.confirmed) \(.leads) \(.sold)"')" '2 2 2 1 1 1'
sleep 3
expect 'mails in the end' "$(mails)" 1
if grep -rqi 'mailbox.example.org' "$LEADEX_VAR/log"; then die 'an address stands in a log'; fi
expect 'sales in the books' "$(check_money "$market")" 2
check_records "$leadex" "$market"
echo 'two forms: one lead sold as sent, one after its mail was confirmed; the known and the unmailed saw the same'
