#!/usr/bin/env bash
# Calls the gateway many million times with all scenarios mixed, while the upstream is restarted again and again, and writes down the memory after
# each piece. Fails when an answer cannot be explained, or when memory grows with the calls: the slope over all but the first fifth of them.
#   loadtest/soak.sh                       10 million calls
#   loadtest/soak.sh --calls 1 --save NAME (millions; also writes loadtest/results/DATE-NAME.md)
# Options: --calls MILLIONS  --piece SECONDS (30)  --hours N (at most; 2)  --slope KIB (allowed per million calls; 512)  --save NAME
set -euo pipefail
loadtest=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

calls=10 piece=30 hours=2 slope=512 save= command="loadtest/soak.sh $*"
while [ $# -gt 0 ]; do
  case $1 in
    --calls | --piece | --hours | --slope | --save) [ $# -ge 2 ] || { echo "$1 needs a value" >&2; exit 64; }; declare "${1#--}=$2" ;;
    *) sed -n '2,/^set /{/^set /d;s/^# \?//;p}' "$0"; exit 64 ;;
  esac
  shift 2
done
source "$loadtest/programs.sh"
start_upstream
start_tenants 4
export OUTAGES=1 SCENARIO=soak

# Every five seconds the upstream goes away, in the middle of calls, and is back after a fifth of a second.
restart_upstream() {
  while sleep 5; do
    kill -KILL "$(cat "$work/upstream.pid")"
    sleep 0.2
    "$work/upstream" "$upstream_port" & echo $! >"$work/upstream.pid"
  done
}
echo "${pid[direct]}" >"$work/upstream.pid"
disown "${pid[direct]}"
restart_upstream 2>"$work/restarts.log" & restarter=$!
stop_restarting() { kill "$restarter" 2>/dev/null || true; kill "$(cat "$work/upstream.pid")" 2>/dev/null || true; }
trap 'stop_restarting; stop_all; rm -rf "$work"' EXIT

deadline=$((SECONDS + hours * 3600)) sum=0
echo "0 0 $(memory tenants) 0 0" >"$work/pieces"
while [ "$sum" -lt $((calls * 1000000)) ] && [ "$SECONDS" -lt "$deadline" ]; do
  before=$(cpu tenants)
  wrk -t32 -c32 -d"${piece}s" --timeout 40s -s "$loadtest/scenarios.lua" "http://127.0.0.1:${port[tenants]}" >"$work/piece"
  read -r _ requests p50 p99 _ < <(grep '^RESULT' "$work/piece")
  grep '^KIND' "$work/piece" >>"$work/kinds" || true
  sum=$((sum + requests))
  echo "$sum $(((($(cpu tenants) - before)) / requests)) $(memory tenants) $p50 $p99" >>"$work/pieces"
  [ ! -t 2 ] || printf '\r%d calls, %d KiB' "$sum" "$(memory tenants)" >&2
done

status=0
"$loadtest/soak.py" "$work/pieces" "$work/kinds" "$slope" >"$work/table" || status=1
[ -z "$save" ] || { "$loadtest/machine.sh" "$command" "$gateway"; cat "$work/table"; } >"$loadtest/results/$(date +%F)-$save.md"
cat "$work/table"
[ "$status" = 0 ] || grep -A20 -E '^[^ ]+ (error|critical) ' "$work/tenants.log" | head -60 >&2 || true
exit $status
