#!/usr/bin/env bash
# Builds the image, runs it as its own user with a read-only root and no capabilities, and lets an official client call a tool of an HTTPS upstream
# through it over TLS, with certificates of an authority of the test's own. Then the health check of the image, a restart on the same volume, and
# the end by SIGTERM. Needs root.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"

fail() { say "$*"; [ ! -s "$work/gateway.log" ] || tail -20 "$work/gateway.log" >&2; exit 1; }
image=native-gateway-test
container= process=
leave() {
  # unshare itself does not listen; what it started does.
  [ -z "$process" ] || kill -TERM "$process" 2>/dev/null || true
  cleanup
  [ -z "$container" ] || buildah rm "$container" >/dev/null
  buildah rmi "localhost/$image" >/dev/null 2>&1 || true
}
trap leave EXIT

install_packages
need_gateway
"$root/eng/image.sh" "$image"

# An authority, and a certificate of it for both the upstream and the gateway.
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj "/CN=test authority" -keyout "$work/ca.key" -out "$work/ca.pem" 2>"$work/openssl.log"
openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=localhost" -keyout "$work/server.key" -out "$work/server.csr" 2>>"$work/openssl.log"
openssl x509 -req -in "$work/server.csr" -CA "$work/ca.pem" -CAkey "$work/ca.key" -days 2 -out "$work/server.pem" \
  -extfile <(echo 'subjectAltName=IP:127.0.0.1,DNS:localhost') 2>>"$work/openssl.log"

start_reference dual
port=${reference_url#*://*:}
start tls "$node" "$here/container/tls.mjs" "$work/server.pem" "$work/server.key" "${port%%/*}"
wait_until tls grep -q '^listening ' "$work/tls.log"
upstream_url=$(sed -n 's/^listening //p' "$work/tls.log")/${reference_url#*://*/}

# What the operator mounts: a volume for data, and read-only the configuration with its certificates.
mkdir "$work/volume" "$work/etc"
cp "$work/ca.pem" "$work/server.pem" "$work/server.key" "$work/etc"
cat >"$work/etc/gateway.json" <<JSON
{
  "mcpServers": { "reference": { "url": "$upstream_url" } },
  "tls": { "certificate": "/run/gateway/server.pem", "key": "/run/gateway/server.key" }
}
JSON
chown -R 65532:65532 "$work/volume" "$work/etc"
chmod 755 "$work"

# How the image is to be run, in its own words.
container=$(buildah from --pull-never "localhost/$image")
rootfs=$(buildah mount "$container")
buildah inspect --type image "localhost/$image" >"$work/image.json"
setting() {
  python3 - "$work/image.json" "$1" <<'PYTHON'
import json, sys
value = json.load(open(sys.argv[1]))["Docker"]["config"]
for name in sys.argv[2].split("."):
    value = value[name]
print(*([value] if isinstance(value, str) else value), sep="\n")
PYTHON
}
user=$(setting User)
mapfile -t program < <(setting Entrypoint; setting Cmd)
mapfile -t environment < <(setting Env)
mapfile -t health < <(setting Healthcheck.Test)
[[ $user =~ ^[1-9][0-9]*:[1-9][0-9]*$ ]] || fail "the image runs as '$user'"
[ "${health[0]}" = CMD ] || fail "the image has no health check: ${health[*]}"
files=$(cd "$rootfs" && find . -type f | sort | tr '\n' ' ')
[ "$files" = "./etc/group ./etc/passwd ./etc/ssl/certs/ca-certificates.crt ./native-gateway " ] || fail "the image holds $files"

gateway_url=https://127.0.0.1:$(free_port)
environment+=("NATIVE_GATEWAY_LISTEN=$gateway_url" NATIVE_GATEWAY_CONFIG=/run/gateway/gateway.json SSL_CERT_FILE=/run/gateway/ca.pem)
mkdir -p "$rootfs/proc" "$rootfs/dev" "$rootfs/run/gateway"

# contained PROGRAM…: in place of the shell, as the image's user without any capability, in the image's files, read-only but for the volume
contained() {
  # shellcheck disable=SC2016
  exec unshare --mount --pid --fork --kill-child=TERM --propagation private bash -euc '
    rootfs=$1 work=$2 user=$3 variables=$4
    shift 4
    mount --bind "$rootfs" "$rootfs"
    mount -t proc proc "$rootfs/proc"
    mount -t tmpfs -o size=64k,mode=755 tmpfs "$rootfs/dev"
    for device in null zero full random urandom; do
      : >"$rootfs/dev/$device"
      mount --bind "/dev/$device" "$rootfs/dev/$device"
    done
    mount --bind "$work/etc" "$rootfs/run/gateway"
    mount -o remount,bind,ro "$rootfs/run/gateway"
    mount --bind "$work/volume" "$rootfs/data"
    mount -o remount,bind,ro "$rootfs"
    cd "$rootfs"
    exec env --ignore-environment "${@:1:$variables}" setpriv --no-new-privs chroot --userspec="$user" --groups= . "${@:$variables+1}"' \
    contained "$rootfs" "$work" "$user" "${#environment[@]}" "${environment[@]}" "$@"
}

start_container() {
  start gateway contained "${program[@]}"
  wait_until gateway curl --silent --fail --cacert "$work/ca.pem" "$gateway_url/health/ready"
  process=$(pgrep -P "${pids[-1]}")
}

call_through() { NODE_EXTRA_CA_CERTS=$work/ca.pem GATEWAY_URL=$gateway_url/mcp GATEWAY_KEY=$key "$node" "$here/container/client.mjs" || fail "the client failed"; }

start_container
key=$(grep -o 'ngw_[0-9A-Za-z_]*' "$work/gateway.log" | awk '{ print length, $0 }' | sort -rn | sed -n '1s/.* //p')
status() { awk -v name="$1:" '$1 == name { print $2 }' "/proc/$process/status"; }
[ "$(status Uid)" = "${user%:*}" ] || fail "it runs as user $(status Uid)"
[ "$(status CapEff)$(status CapPrm)" = 00000000000000000000000000000000 ] || fail "it has capabilities: $(status CapEff)"
awk '$5 == "/" && $6 ~ /^ro(,|$)/ { found = 1 } END { exit !found }' "/proc/$process/mountinfo" || fail "its root is not read-only"

call_through
(contained "${health[@]:1}") || fail "the health check fails on a gateway that lives"

say "stopping it"
kill -TERM "$process"
wait "${pids[-1]}" || fail "it ended with exit code $?"
! (contained "${health[@]:1}") 2>/dev/null || fail "the health check passes without a gateway"

say "starting it again on the same volume"
start_container
call_through
