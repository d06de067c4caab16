#!/usr/bin/env bash
# Runs the load scenarios against a gateway with four tenants and a fast upstream, with k6 where it is installed and else with wrk, and prints one
# table. Fails when an answer cannot be explained or a scenario misses its p99 in thresholds.json.
#   loadtest/run.sh                                           all of them, 10 s each
#   loadtest/run.sh --scenarios tools-call,spike --seconds 30
# Options: --scenarios tools-call,lists,tenants,limits,streams,sessions,spike,soak  --seconds N  --save NAME (also writes loadtest/results/DATE-NAME.md)
set -euo pipefail
loadtest=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

scenarios=tools-call,lists,tenants,limits,streams,sessions,spike,soak seconds=10 save= command="loadtest/run.sh $*"
while [ $# -gt 0 ]; do
  case $1 in
    --scenarios | --seconds | --save) [ $# -ge 2 ] || { echo "$1 needs a value" >&2; exit 64; }; declare "${1#--}=$2" ;;
    *) sed -n '2,/^set /{/^set /d;s/^# \?//;p}' "$0"; exit 64 ;;
  esac
  shift 2
done
IFS=, read -ra scenarios <<<"$scenarios"
source "$loadtest/programs.sh"
start_upstream
start_tenants 4

threshold() { python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))[sys.argv[2]][sys.argv[3]])' "$loadtest/thresholds.json" "$1" "$2"; }

# Each prints: requests seconds p50 p99 unexplained, times in µs
by_k6() {
  GATEWAY_URL=http://127.0.0.1:${port[tenants]} GATEWAY_KEYS=$KEYS GATEWAY_LIMITED_KEY=$LIMITED_KEY DURATION=${seconds}s \
    k6 run --quiet --no-usage-report --summary-trend-stats 'med,p(99)' --summary-export "$work/k6.json" "$loadtest/k6/$1.js" >&2 || true
  python3 - "$work/k6.json" <<'PYTHON'
import json, sys
metrics = json.load(open(sys.argv[1]))["metrics"]
requests, times = metrics["http_reqs"], metrics["http_req_duration"]
unexplained = metrics.get("unexplained", {}).get("count", 0)
print(requests["count"], requests["count"] / requests["rate"], round(times["med"] * 1000), round(times["p(99)"] * 1000), unexplained)
PYTHON
}

by_wrk() {
  local connections threads line
  connections=$(threshold "$1" connections)
  threads=$((connections > 32 ? 32 : connections))
  line=$(SCENARIO=$1 wrk -t"$threads" -c"$connections" -d"${seconds}s" -s "$loadtest/scenarios.lua" "http://127.0.0.1:${port[tenants]}" | grep '^RESULT')
  read -r _ requests p50 p99 unexplained <<<"$line"
  echo "$requests $seconds $p50 $p99 $unexplained"
}

driver=wrk
! command -v k6 >/dev/null || driver=k6
failed=0
row() { printf '| %s | %s | %s | %s | %s | %s | %s |\n' "$@"; }
measure() {
  row scenario by requests/s 'p50 µs' 'p99 µs' unexplained verdict
  echo "|---|---|---|---|---|---|---|"
  for scenario in "${scenarios[@]}"; do
    read -r requests took p50 p99 unexplained <<<"$(by_$driver "$scenario")"
    verdict=good
    [ "$p99" -le $(($(threshold "$scenario" p99) * 1000)) ] || verdict="p99 too high"
    [ "$unexplained" = 0 ] || verdict="unexplained answers"
    [ "$verdict" = good ] || failed=1
    row "$scenario" "$driver" "$(awk "BEGIN { printf \"%.0f\", $requests / $took }")" "$p50" "$p99" "$unexplained" "$verdict"
  done
}

measure >"$work/table"
[ -z "$save" ] || { "$loadtest/machine.sh" "$command" "$gateway"; cat "$work/table"; } >"$loadtest/results/$(date +%F)-$save.md"
cat "$work/table"
exit $failed
