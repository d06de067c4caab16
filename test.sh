#!/usr/bin/env bash
# Proves the gateway: installs what the tests need, builds, runs every check, quick ones first, and ends with "N passed, N failed".
#   ./test.sh            everything
#   ./test.sh quick      build, unit tests and integration tests only
set -uo pipefail
cd "$(dirname "$0")"

passed=0
failed=0
results=$(mktemp -d)
trap 'rm -rf "$results"' EXIT

step() { printf '\n== %s  (%s)\n' "$1" "$(date +%T)"; }

# A step that is one check by itself: a build, a script.
check() {
  step "$1"
  shift
  if "$@"; then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
    printf 'FAILED: %s\n' "$*"
  fi
}

# A test project: every test counts, and a run that ends without results counts as a failure.
tests() {
  step "$1"
  local trx="$results/$(basename "$1").trx"
  dotnet test "$1" -c Release --no-build --nologo --logger "trx;LogFileName=$trx" --logger "console;verbosity=minimal"
  local counters
  counters=$(grep -o '<Counters [^>]*' "$trx" 2>/dev/null || true)
  if [ -z "$counters" ]; then
    failed=$((failed + 1))
    printf 'FAILED: %s gave no results\n' "$1"
    return
  fi
  passed=$((passed + $(sed -E 's/.* passed="([0-9]+)".*/\1/' <<<"$counters")))
  failed=$((failed + $(sed -E 's/.* total="([0-9]+)".*/\1/' <<<"$counters") - $(sed -E 's/.* passed="([0-9]+)".*/\1/' <<<"$counters")))
}

finish() {
  printf '\n%d passed, %d failed\n' "$passed" "$failed"
  [ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
  exit
}

check "prerequisites" eng/prerequisites.sh --tests
check "build" dotnet build NativeGateway.sln -c Release --nologo -v quiet
[ "$failed" -eq 0 ] || finish
tests tests/NativeGateway.Tests
tests tests/NativeGateway.IntegrationTests
[ "${1:-}" != quick ] || finish

check "native binary" eng/native.sh
check "size and start" eng/size.sh
tests tests/NativeGateway.NativeTests
check "conformance suite" eng/conformance.sh
check "conformance suite, upstream of 2025-11-25 only" eng/conformance.sh --upstream legacy
check "conformance suite, upstream of 2026-07-28 only" eng/conformance.sh --upstream modern
check "official clients and servers" tests/conformance/clients/run.sh
check "allocation budgets" eng/bench.sh
check "build for net10.0" dotnet build NativeGateway.sln -c Release --nologo -v quiet -p:GatewayFramework=net10.0 -p:PublishAot=false -p:ArtifactsPath="$PWD/artifacts/net10"
finish
