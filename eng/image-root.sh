#!/usr/bin/env bash
# Lays out what the image holds: the one file, the CA certificates of this machine, a name for the user, and a directory for data that is the user's.
#   eng/image-root.sh BINARY DIRECTORY
set -euo pipefail

install -D -m 755 "$1" "$2/native-gateway"
install -D -m 644 /etc/ssl/certs/ca-certificates.crt "$2/etc/ssl/certs/ca-certificates.crt"
echo 'gateway:x:65532:65532::/data:/sbin/nologin' >"$2/etc/passwd"
echo 'gateway:x:65532:' >"$2/etc/group"
install -d -m 700 -o 65532 -g 65532 "$2/data"
