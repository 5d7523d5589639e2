# shellcheck shell=sh
# The service's certificate. Sourced by install.sh.

# What is wrong with the files that were given, said before anything is changed.
check_certificate_files() {
  [ -n "$certificate$private_key" ] || return 0
  [ -f "$certificate" ] || fail "--certificate is '$certificate', which is no file; it goes with --private-key"
  [ -f "$private_key" ] || fail "--private-key is '$private_key', which is no file; it goes with --certificate"
  command -v openssl >/dev/null || return 0
  public=$(openssl x509 -in "$certificate" -noout -pubkey 2>/dev/null) ||
    fail "--certificate is '$certificate', which is no certificate in PEM"
  own=$(openssl pkey -in "$private_key" -passin pass: -pubout 2>/dev/null) ||
    fail "--private-key is '$private_key', which is no private key in PEM without a passphrase"
  [ "$public" = "$own" ] || fail "--private-key is not the key of --certificate: give the two that belong together"
}

# Whether this install makes a certificate or takes the one that is given; one of an earlier install is kept.
needs_certificate() {
  [ "$TLS" != none ] || return 1
  [ -n "$certificate" ] || ! "has_certificate_$where"
}

# What a certificate needs, looked at before anything is changed.
require_certificate() {
  if ! needs_certificate || [ -n "$certificate" ]; then return 0; fi
  [ "$TLS" != own ] || fail "the stack has a certificate of its own: give --certificate and --private-key"
  command -v openssl >/dev/null ||
    fail "openssl is not here to make a certificate: install it, or give --certificate and --private-key"
}

# Certificate and private key as tls.crt and tls.key in the working folder.
make_certificate() {
  make_work
  if [ -n "$certificate" ]; then
    cp "$certificate" "$work/tls.crt" && cp "$private_key" "$work/tls.key"
    return
  fi
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650 \
    -subj "/CN=$TLS_HOST" -addext "subjectAltName=DNS:$TLS_HOST,DNS:localhost,IP:127.0.0.1" \
    -addext "extendedKeyUsage=serverAuth" \
    -keyout "$work/tls.key" -out "$work/tls.crt" 2>"$work/openssl.log" ||
    fail "openssl could not make a certificate, give --certificate and --private-key: $(cat "$work/openssl.log")"
}
