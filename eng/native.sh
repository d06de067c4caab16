#!/usr/bin/env bash
# Publishes the product as one statically linked file: artifacts/native/native-gateway. Takes a few minutes; says where it is.
#   eng/native.sh                 for this machine
#   eng/native.sh -p:X=Y …        further properties for dotnet publish
set -euo pipefail
cd "$(dirname "$0")/.."

out=artifacts/native
log=artifacts/native-publish.log
begun=$SECONDS
mkdir -p artifacts
eng/prerequisites.sh

echo "Publishing the native binary (a few minutes; log: $log)"
dotnet publish src/NativeGateway/NativeGateway.csproj -c Release -r linux-x64 -o "$out" --nologo -v minimal "$@" >"$log" 2>&1 &
publish=$!
trap 'kill "$publish" 2>/dev/null || true' INT TERM
while kill -0 "$publish" 2>/dev/null; do
  sleep 1
  elapsed=$((SECONDS - begun))
  if grep -q 'Generating native code' "$log"; then stage="generating and linking native code"
  elif grep -q -- '-> ' "$log"; then stage="compiled, starting the native compiler"
  else stage="restoring and compiling"; fi
  if [ -t 1 ]; then printf '\r\033[K  %3d s  %s' "$elapsed" "$stage"
  elif [ $((elapsed % 15)) -eq 0 ]; then printf '  %3d s  %s\n' "$elapsed" "$stage"; fi
done
[ ! -t 1 ] || printf '\r\033[K'

status=0
wait "$publish" || status=$?
if [ "$status" -ne 0 ]; then
  grep -E '(error|warning) ?[A-Z]*[0-9]*:' "$log" | sort -u | head -40 >&2 || tail -40 "$log" >&2
  echo "The publish failed; see $log" >&2
  exit "$status"
fi

# Warnings are errors in the build already; this finds what only the publish says. Not ours: the C sources that come with the
# native compiler, and the linker's notes on what a static binary loads at run time.
ours=$(grep -E 'warning (CS|CA|IDE|IL|NU|MSB|NETSDK|SYSLIB)[0-9]+' "$log" | sort -u || true)
if [ -n "$ours" ]; then
  printf 'The publish gave warnings:\n%s\n' "$ours" >&2
  exit 1
fi

# One file is the product: what the publish puts beside it is not.
find "$out" -mindepth 1 ! -name native-gateway -delete
if ldd "$out/native-gateway" 2>&1 | grep -q '=>'; then
  echo "The binary is not statically linked:" >&2
  ldd "$out/native-gateway" >&2
  exit 1
fi
printf '%s  %d bytes, in %d s\n' "$out/native-gateway" "$(stat -c %s "$out/native-gateway")" $((SECONDS - begun))
