#!/usr/bin/env bash
# Measures the gateway with everything on against other proxies in front of the same fast upstream, interleaved, and prints one table: CPU
# microseconds of the process per request (user + system, the figure that hardly moves with noise), requests per second, p50 and p99.
#   loadtest/compare.sh                        direct, nginx, haproxy and the gateway; 1, 32 and 256 connections; small, large and SSE answers
#   ROUNDS=6 SECONDS_EACH=4 PEERS="nginx gateway" SIZES=32 TOOLS=small loadtest/compare.sh
# NATIVE_GATEWAY_BINARY names the binary (default: artifacts/native/native-gateway). eng/prerequisites.sh --load installs wrk, nginx and haproxy.
set -euo pipefail
cd "$(dirname "$0")"

rounds=${ROUNDS:-5} each=${SECONDS_EACH:-3}
read -ra peers <<<"${PEERS:-direct nginx haproxy gateway}"
read -ra sizes <<<"${SIZES:-1 32 256}"
read -ra tools <<<"${TOOLS:-small large stream}"
binary=${NATIVE_GATEWAY_BINARY:-../artifacts/native/native-gateway}
base=${BASE_PORT:-17700}
dir=$(mktemp -d)
declare -A pid port
stop() { for process in "${pid[@]}"; do kill "$process" 2>/dev/null || true; done; wait 2>/dev/null || true; rm -rf "$dir"; }
trap stop EXIT

port=([direct]=$base [nginx]=$((base + 1)) [haproxy]=$((base + 2)) [gateway]=$((base + 3)))
fill() { sed -e "s#@DIR@#$dir#g" -e "s/@UPSTREAM@/$base/g" -e "s/@PORT@/${port[$2]}/g" -e "s/@BUFFERING@/on/" "$1" >"$dir/$1"; }
serving() { for _ in $(seq 100); do (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null && return; sleep 0.1; done; echo "nothing listens on $1" >&2; exit 1; }

clang -O2 -o "$dir/upstream" upstream.c
"$dir/upstream" "$base" & pid[direct]=$!
serving "$base"
for peer in "${peers[@]}"; do
  case $peer in
    nginx) fill nginx.conf nginx; nginx -p "$dir" -c "$dir/nginx.conf" & pid[nginx]=$! ;;
    haproxy) fill haproxy.cfg haproxy; haproxy -f "$dir/haproxy.cfg" -q & pid[haproxy]=$! ;;
    gateway)
      cat >"$dir/gateway.json" <<JSON
{ "mcpServers": { "fast": { "url": "http://127.0.0.1:$base/mcp" } }, "limits": { "requestsPerMinute": 1000000, "burst": 1000000 } }
JSON
      # shellcheck disable=SC2086
      "$binary" serve --config "$dir/gateway.json" --data "$dir/data" --listen "http://127.0.0.1:${port[gateway]}" ${GATEWAY_OPTIONS:-} \
        >"$dir/gateway.out" 2>"$dir/gateway.log" & pid[gateway]=$! ;;
  esac
  serving "${port[$peer]}"
done
sleep 2
KEY=$(grep -o 'ngw_[0-9A-Za-z_]*' "$dir/gateway.out" 2>/dev/null | head -1 || true)
export KEY

# The process itself and its children: nginx works in one.
cpu() {
  local sum=0 process
  for process in "${pid[$1]}" $(pgrep -P "${pid[$1]}" || true); do
    sum=$((sum + $(awk '{ sub(/.*\) /, ""); print $12 + $13 }' "/proc/$process/stat")))
  done
  echo "$sum"
}

for tool in "${tools[@]}"; do
  for size in "${sizes[@]}"; do
    for round in $(seq "$rounds"); do
      for peer in "${peers[@]}"; do
        before=$(cpu "$peer")
        line=$(TOOL=$tool wrk -t1 -c"$size" -d"${each}s" -s call.lua "http://127.0.0.1:${port[$peer]}" | grep '^RESULT')
        after=$(cpu "$peer")
        read -r _ requests p50 p99 errors <<<"$line"
        echo "$tool $size $peer $(((after - before) * 10000)) $requests $each $p50 $p99 $errors" >>"$dir/samples"
      done
    done
  done
done

python3 - "$dir/samples" <<'PYTHON'
import collections, statistics, sys

samples = collections.defaultdict(list)
for line in open(sys.argv[1]):
    tool, size, peer, micros, requests, seconds, p50, p99, errors = line.split()
    samples[tool, int(size), peer].append((int(micros) / int(requests), int(requests) / float(seconds), int(p50), int(p99), int(errors)))

print("| answer | connections | program | CPU µs/request | ÷ nginx | requests/s | p50 µs | p99 µs | errors |")
print("|---|---|---|---|---|---|---|---|---|")
for (tool, size, peer), rows in samples.items():
    cost, rate, p50, p99, errors = (statistics.median(column) for column in zip(*rows))
    nginx = samples.get((tool, size, "nginx"))
    ratio = statistics.median(row[0] / other[0] for row, other in zip(rows, nginx)) if nginx else float("nan")
    print(f"| {tool} | {size} | {peer} | {cost:.1f} | {ratio:.2f} | {rate:,.0f} | {p50:,.0f} | {p99:,.0f} | {sum(row[4] for row in rows)} |")
PYTHON
for peer in "${peers[@]}"; do
  [ "$peer" = direct ] || printf '%s: %s MiB resident at the end\n' "$peer" "$(awk '/VmRSS/ { printf "%.0f", $2 / 1024 }' "/proc/$(pgrep -P "${pid[$peer]}" | head -1 || true)/status" 2>/dev/null || awk '/VmRSS/ { printf "%.0f", $2 / 1024 }' "/proc/${pid[$peer]}/status")"
done
