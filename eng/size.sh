#!/usr/bin/env bash
# Measures the published binary and holds it to eng/size-budgets.json: its size, the start to the first answer of /health/live on an existing
# database without servers and with 1,000 of them, and the memory it takes when idle.
#   eng/size.sh                  median of 10 starts each
# Size and memory hardly depend on the machine and are held as they are. A start is held by the processor time until the first answer, which a busy
# machine stretches far less than the time on the clock; that is printed beside it.
set -euo pipefail
cd "$(dirname "$0")/.."

gateway=$PWD/artifacts/native/native-gateway
[ -x "$gateway" ] || { echo "$gateway is missing: run eng/native.sh first" >&2; exit 1; }
data=$(mktemp -d)
pid=
stop() { [ -z "$pid" ] || { kill -TERM "$pid" 2>/dev/null || true; wait "$pid" 2>/dev/null || true; pid=; exec 4<&-; }; }
trap 'stop; rm -rf "$data"' EXIT

budget() { sed -n "s/.*\"$1\": *\([0-9]*\).*/\1/p" eng/size-budgets.json; }
median() { printf '%s\n' "$@" | sort -n | sed -n "$((($# + 1) / 2))p"; }

# Starts the gateway; its address comes from its own output. Sets $pid, and until the first answer $milliseconds and $cpu (milliseconds of processor).
start() {
  rm -f "$data/out"
  mkfifo "$data/out"
  local begun=$EPOCHREALTIME line port status
  (cd "$data" && exec "$gateway" serve --data "$data" --listen http://127.0.0.1:0 --log-level error) >"$data/out" 2>"$data/err" &
  pid=$!
  exec 4<"$data/out"
  while read -r line <&4; do
    [[ $line != "listening on "* ]] || break
  done
  port=${line##*:}
  exec 3<>"/dev/tcp/127.0.0.1/$port"
  printf 'GET /health/live HTTP/1.1\r\nHost: 127.0.0.1:%s\r\nConnection: close\r\n\r\n' "$port" >&3
  read -r status <&3
  local ended=$EPOCHREALTIME
  cpu=$(cat "/proc/$pid/task/"*/schedstat 2>/dev/null | awk '{ sum += $1 } END { print int(sum / 1000000) }')
  exec 3<&-
  [[ $status == *" 200 "* ]] || { echo "/health/live answered: $status" >&2; cat "$data/err" >&2; exit 1; }
  milliseconds=$(((${ended/./} - ${begun/./}) / 1000))
}

# Sets $wall, $times and $work: the median and all times on the clock, and the median of processor time.
starts() {
  local clock=() processor=()
  for _ in $(seq 10); do
    start
    clock+=("$milliseconds")
    processor+=("$cpu")
    [ "$1" != idle ] || { sleep 1; memory=$(awk '/^VmRSS:/ { print $2 }' "/proc/$pid/status"); }
    stop
  done
  wall=$(median "${clock[@]}") times=${clock[*]} work=$(median "${processor[@]}")
}

over=0
hold() { # what, measured, budget's name, remark
  local most
  most=$(budget "$3")
  printf '%-26s %10d (budget %d)%s\n' "$1" "$2" "$most" "${4:+  $4}"
  [ "$2" -le "$most" ] || over=1
}

start # the first start creates the database and the first key
stop
hold "binary, bytes" "$(stat -c %s "$gateway")" binaryBytes
starts idle
hold "idle memory (RSS), KiB" "$memory" idleKilobytes
hold "start, CPU ms" "$work" startCpuMilliseconds "on the clock $wall ms, median of $times"

for server in $(seq 1000); do
  printf '%s"s%d": { "url": "http://127.0.0.1:9/mcp" }' "$([ "$server" = 1 ] || printf ', ')" "$server"
done | (printf '{ "mcpServers": { '; cat; printf ' } }') >"$data/servers.json"
"$gateway" servers import "$data/servers.json" --data "$data" >/dev/null
starts busy
hold "start, 1,000 servers" "$work" startWithServersCpuMilliseconds "on the clock $wall ms, median of $times"

if [ "$over" -ne 0 ]; then
  echo "Over budget: find out why (docs/performance.md says what was tried), or raise eng/size-budgets.json and say why in the commit." >&2
  exit 1
fi
