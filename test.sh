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
    printf '%s\n' "$*" | tee -a "$results/failures"
  fi
}

# A check that drives foreign programs over sockets: as with the tests below, only a second failure counts.
twice() {
  "$@" && return
  printf 'failed once: %s\n' "$*" | tee -a "$results/unsteady"
  "$@"
}

# A test project: every test counts, and a run that ends without results counts as a failure. These tests use real processes and sockets, so one that
# fails is run once more by itself: only a second failure counts, but what failed once is named at the end, to be repaired.
tests() {
  step "$1"
  local first="$results/first.trx" second="$results/second.trx" good=0 bad=0 again exit=0
  rm -f "$first" "$second"
  dotnet test "$1" -c Release --no-build --nologo --logger "trx;LogFileName=$first" --logger "console;verbosity=minimal" || exit=$?
  read -r good bad < <(eng/test-results.py counts "$first") || true
  if [ "$good" -eq 0 ] || { [ "$exit" -ne 0 ] && [ "$bad" -eq 0 ]; }; then
    failed=$((failed + 1))
    printf '%s did not run to its end\n' "$1" >> "$results/failures"
  fi
  if [ "$bad" -gt 0 ]; then
    step "$1: $bad failed, run once more"
    dotnet test "$1" -c Release --no-build --nologo --logger "trx;LogFileName=$second" --filter "$(eng/test-results.py filter "$first")"
    read -r _ again < <(eng/test-results.py counts "$second") || again=$bad
    if [ "$again" -lt "$bad" ]; then
      { echo "failed once:"; eng/test-results.py failures "$first"; } >> "$results/unsteady"
    fi
    [ "$again" -eq 0 ] || eng/test-results.py failures "$([ -f "$second" ] && echo "$second" || echo "$first")" >> "$results/failures"
    good=$((good + bad - again)) bad=$again
  fi
  passed=$((passed + good))
  failed=$((failed + bad))
}

finish() {
  for list in unsteady failures; do
    [ ! -s "$results/$list" ] || { printf '\n== %s\n' "$list"; cat "$results/$list"; }
  done
  printf '\n%d passed, %d failed\n' "$passed" "$failed"
  [ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
  exit
}

check "prerequisites" eng/prerequisites.sh --tests
check "build" dotnet build NativeGateway.sln -c Release --nologo -v quiet
[ "$failed" -eq 0 ] || finish
check "load scenarios against the types of k6" loadtest/check.sh
tests tests/NativeGateway.Tests
tests tests/NativeGateway.IntegrationTests
[ "${1:-}" != quick ] || finish

check "native binary" eng/native.sh
check "size and start" eng/size.sh
tests tests/NativeGateway.NativeTests
check "conformance suite" twice eng/conformance.sh
check "conformance suite, upstream of 2025-11-25 only" twice eng/conformance.sh --upstream legacy
check "conformance suite, upstream of 2026-07-28 only" twice eng/conformance.sh --upstream modern
check "official clients and servers" twice tests/conformance/clients/run.sh
check "container" twice tests/conformance/container/run.sh
check "deployment files" tests/deploy/run.sh
check "allocation budgets" eng/bench.sh
check "allocations of the running binary" twice loadtest/allocations.sh
check "build for net10.0" dotnet build NativeGateway.sln -c Release --nologo -v quiet -p:GatewayFramework=net10.0 -p:PublishAot=false -p:ArtifactsPath="$PWD/artifacts/net10"
finish
