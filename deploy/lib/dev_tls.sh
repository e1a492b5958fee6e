# shellcheck shell=bash
# A certificate authority for this machine alone and the server's certificate from it. Sourced, never run.

tls_days=90
tls_renew_seconds=$((14 * 86400))

new_key() { openssl genpkey -quiet -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1"; }

still_good() { openssl x509 -in "$1" -noout -checkend "$tls_renew_seconds" >/dev/null 2>&1; }

# The name constraints make the authority worthless to a thief: it can speak for loopback only.
dev_ca() {
  local dev=$LEADEX_VAR/dev
  if [ -s "$dev/ca.key" ] && still_good "$dev/ca.pem"; then return 0; fi
  say "    making a development certificate authority"
  new_key "$dev/ca.key.new"
  openssl req -x509 -new -key "$dev/ca.key.new" -out "$dev/ca.pem.new" -days 730 -sha256 \
    -subj '/CN=Leadex development CA' \
    -addext 'basicConstraints=critical,CA:TRUE,pathlen:0' -addext 'keyUsage=critical,keyCertSign,cRLSign' \
    -addext 'nameConstraints=critical,permitted;DNS:localhost,permitted;IP:127.0.0.1/255.255.255.255,permitted;IP:0:0:0:0:0:0:0:1/ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'
  mv "$dev/ca.key.new" "$dev/ca.key"
  mv "$dev/ca.pem.new" "$dev/ca.pem"
}

server_certificate() {
  local tls=$LEADEX_VAR/tls dev=$LEADEX_VAR/dev
  if [ -s "$tls/server.key" ] && still_good "$tls/server.crt" &&
    openssl verify -CAfile "$dev/ca.pem" "$tls/server.crt" >/dev/null 2>&1; then return 0; fi
  say "    making the server's certificate, good for $tls_days days"
  new_key "$tls/server.key.new"
  openssl req -new -key "$tls/server.key.new" -subj '/CN=localhost' |
    openssl x509 -req -CA "$dev/ca.pem" -CAkey "$dev/ca.key" -days "$tls_days" -sha256 \
      -set_serial "0x$(random_hex 16)" -out "$tls/server.crt.new" -extfile <(cat <<'EOF_EXT'
basicConstraints = critical,CA:FALSE
keyUsage = critical,digitalSignature
extendedKeyUsage = serverAuth
subjectAltName = IP:127.0.0.1,IP:::1,DNS:localhost
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
EOF_EXT
    ) 2>/dev/null
  mv "$tls/server.key.new" "$tls/server.key"
  mv "$tls/server.crt.new" "$tls/server.crt"
}

make_certificates() (
  umask 077
  dev_ca
  server_certificate
)
