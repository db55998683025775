#!/bin/sh
# Make the certificates anew: an authority, a server on loopback, a server
# with another name, a client.  All are valid for a century, and of no use
# anywhere else, since their keys lie beside them.
set -eu
cd "$(dirname "$0")"

new() {     # name, subject, extensions
    openssl req -new -newkey rsa:2048 -nodes -keyout "$1.key" -out "$1.csr" \
        -subj "/CN=$2" 2>/dev/null
    printf '%s\n' "basicConstraints=CA:FALSE" \
        "keyUsage=critical,digitalSignature,keyEncipherment" \
        "subjectKeyIdentifier=hash" "authorityKeyIdentifier=keyid" "$3" \
        >extensions
    openssl x509 -req -in "$1.csr" -CA ca.pem -CAkey ca.key -days 36500 \
        -CAcreateserial -extfile extensions -out "$1.pem" 2>/dev/null
    cat ca.pem >>"$1.pem"
    rm "$1.csr" extensions
}

printf '%s\n' "[req]" "distinguished_name=n" "[n]" "[x]" \
    "basicConstraints=critical,CA:TRUE" \
    "keyUsage=critical,digitalSignature,keyCertSign,cRLSign" \
    "subjectKeyIdentifier=hash" >ca.cnf
openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem \
    -days 36500 -subj "/CN=jsonlogging test authority" -config ca.cnf \
    -extensions x 2>/dev/null
new server localhost "subjectAltName=DNS:localhost,IP:127.0.0.1"
new other other.example "subjectAltName=DNS:other.example"
new client client "extendedKeyUsage=clientAuth"
rm ca.cnf ca.key ca.srl
openssl req -x509 -newkey rsa:2048 -nodes -keyout selfsigned.key \
    -out selfsigned.pem -days 36500 -subj "/CN=localhost" \
    -addext "subjectAltName=DNS:localhost,IP:127.0.0.1" 2>/dev/null
