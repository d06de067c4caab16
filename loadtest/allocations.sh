#!/usr/bin/env bash
# Calls one tool of the published binary again and again, everything on, and holds what the process allocates to a budget of bytes per call. A call
# allocates nothing; the budget is for what goes on beside the calls, usage sums above all, and leaves no room for one object per call.
#   loadtest/allocations.sh                    200,000 calls, 10,000 a second over 32 connections
#   loadtest/allocations.sh --calls 1000000
# Options: --calls N  --rate N (a second)  --budget BYTES (a call; 20)
set -euo pipefail
loadtest=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

calls=200000 rate=10000 budget=20
while [ $# -gt 0 ]; do
  case $1 in
    --calls | --rate | --budget) [ $# -ge 2 ] || { echo "$1 needs a value" >&2; exit 64; }; declare "${1#--}=$2" ;;
    *) sed -n '2,/^set /{/^set /d;s/^# \?//;p}' "$0"; exit 64 ;;
  esac
  shift 2
done
source "$loadtest/programs.sh"
start_upstream
start_program gateway
call_once gateway small

allocated() { curl -sf "http://127.0.0.1:${port[gateway]}/metrics" | awk '$1 == "dotnet_gc_allocated_bytes_total" { printf "%.0f", $2 }'; }
call() { KEY=${key[gateway]} "$work/pace" "${port[gateway]}" "$rate" 32 "$1" small; }

call 3 >/dev/null # until every pool is filled
before=$(allocated)
read -r _ answered _ p99 errors <<<"$(call $((calls / rate)))"
per_call=$((($(allocated) - before) / answered))
echo "$per_call bytes per call (budget $budget) over $answered calls at $rate a second, p99 $p99 µs, $errors failed, resident $(memory gateway) KiB"
[ "$errors" = 0 ] && [ "$per_call" -le "$budget" ]
