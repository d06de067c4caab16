#!/usr/bin/env bash
# Measures the gateway with everything on (key, permission, buckets, metrics, usage; scraped meanwhile) against other proxies in front of the same
# fast upstream, in interleaved rounds, and prints medians: CPU microseconds of the process per request (user + system, the figure that hardly
# moves with noise), requests per second, p50 and p99.
#   loadtest/compare.sh                                 everything: takes a quarter of an hour
#   loadtest/compare.sh --answers small --connections 32 --rounds 3 --programs nginx,gateway
#   loadtest/compare.sh --rate 2000                     at a fixed rate instead of as fast as possible
#   GATEWAY=/tmp/new loadtest/compare.sh --programs nginx,gateway,before=/tmp/old       two binaries of the gateway in one run
# Options: --programs direct,nginx,haproxy,nginx-lua,mcp-proxy,gateway,LABEL=FILE  --answers small,large,stream  --connections 1,32,256
#          --rounds N (5)  --seconds N (3)  --rate N  --save NAME (also writes loadtest/results/DATE-NAME.md)
# Ratios are to nginx in the same round. eng/prerequisites.sh --load installs what is needed; programs.sh tells what is started and how.
set -euo pipefail
loadtest=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

programs=direct,nginx,haproxy,nginx-lua,mcp-proxy,gateway answers=small,large,stream connections= rounds=5 seconds=3 rate= save=
command="loadtest/compare.sh $*"
while [ $# -gt 0 ]; do
  case $1 in
    --programs | --answers | --connections | --rounds | --seconds | --rate | --save)
      [ $# -ge 2 ] || { echo "$1 needs a value" >&2; exit 64; }
      declare "${1#--}=$2" ;;
    *) sed -n '2,/^set /{/^set /d;s/^# \?//;p}' "$0"; exit 64 ;;
  esac
  shift 2
done
[ -n "$connections" ] || connections=$([ -n "$rate" ] && echo 32 || echo 1,32,256)
IFS=, read -ra programs <<<"$programs"
IFS=, read -ra tools <<<"$answers"
IFS=, read -ra sizes <<<"$connections"
source "$loadtest/programs.sh"

start_upstream
names=()
for program in "${programs[@]}"; do
  name=${program%%=*}
  names+=("$name")
  [ "$program" = direct ] || start_program "$program"
  for tool in "${tools[@]}"; do call_once "$name" "$tool"; done
done
sleep 2
for name in "${names[@]}"; do
  echo "program $name ${start[$name]} $(stat -Lc %s "${binary[$name]:-$work/upstream}") $(memory "$name")"
done >"$work/samples"
scrape "${gateways[@]}" & background+=($!)

# load NAME TOOL CONNECTIONS: prints RESULT requests p50 p99 errors
load() {
  local tool=$2
  export KEY=${key[$1]:-} SESSION=${session[$1]:-}
  if [ -n "$rate" ]; then "$work/pace" "${port[$1]}" "$rate" "$3" "$seconds" "$tool"
  else TOOL=$tool wrk -t1 -c"$3" -d"${seconds}s" -s "$loadtest/call.lua" "http://127.0.0.1:${port[$1]}" | grep '^RESULT'; fi
}

# What compiles while it runs gets a second to do so.
for name in "${names[@]}"; do seconds=1 load "$name" "${tools[0]}" 32 >/dev/null; done

for tool in "${tools[@]}"; do
  for size in "${sizes[@]}"; do
    for round in $(seq "$rounds"); do
      for name in "${names[@]}"; do
        before=$(cpu "$name")
        read -r _ requests p50 p99 errors <<<"$(load "$name" "$tool" "$size")"
        after=$(cpu "$name")
        echo "sample $tool $size $name $((after - before)) $requests $seconds $p50 $p99 $errors" >>"$work/samples"
      done
    done
  done
done
for name in "${names[@]}"; do echo "loaded $name $(memory "$name")"; done >>"$work/samples"

if [ -n "$save" ]; then
  { "$loadtest/machine.sh" "$command" "$gateway"; "$loadtest/table.py" "$work/samples"; } | tee "$loadtest/results/$(date +%F)-$save.md"
else
  "$loadtest/table.py" "$work/samples"
fi
