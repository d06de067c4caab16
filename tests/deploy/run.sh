#!/usr/bin/env bash
# Checks the files of docs/deploy: the Kubernetes manifests against the published schemas and types, the configuration in them by the gateway, and
# the systemd unit by systemd itself.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
gateway=$root/artifacts/native/native-gateway
cd "$here"
work=$(mktemp -d -p "$here" .check.XXXXXX)
trap 'rm -rf "$work"' EXIT

[ node_modules/.package-lock.json -nt package-lock.json ] || npm ci --no-audit --no-fund --ignore-scripts --loglevel=error
node kubernetes.mjs "$root/docs/deploy/kubernetes.yaml" "$work/objects.ts"
node_modules/.bin/tsc --noEmit --strict --skipLibCheck --module esnext --moduleResolution bundler --target es2022 "$work/objects.ts"
(cd "$work" && "$gateway" doctor --config "$work/objects.ts.json" --data "$work/data" --listen http://127.0.0.1:0) || { echo "the configuration in kubernetes.yaml is not valid" >&2; exit 1; }

# The unit, with the program where it is here.
sed "s#/usr/local/bin/native-gateway#$gateway#" "$root/docs/deploy/native-gateway.service" >"$work/native-gateway.service"
said=$(systemd-analyze verify --man=no "$work/native-gateway.service" 2>&1 | grep native-gateway.service || true)
[ -z "$said" ] || { echo "$said" >&2; exit 1; }
# 0 is best, 10 is worst; 2.0 is what systemd calls OK at its best.
systemd-analyze security --offline=true --threshold=20 --no-pager "$work/native-gateway.service" | tail -1
