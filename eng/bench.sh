#!/usr/bin/env bash
# Runs the benches (about a minute) and fails when one allocates more bytes per operation than bench/budgets.json allows, or has no budget.
# Times are printed for comparison on one machine; they are not judged. Full results and the log: artifacts/bench.
set -euo pipefail
cd "$(dirname "$0")/.."

rm -rf artifacts/bench
dotnet build bench/NativeGateway.Bench -c Release --nologo -v quiet
exec dotnet run --project bench/NativeGateway.Bench -c Release --no-build -- bench/budgets.json artifacts/bench
