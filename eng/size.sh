#!/usr/bin/env bash
# Measures the published binary: its size, the time from start to the first answer of /health/live (median of 10 starts on an existing
# database), and the memory it takes when idle. Fails when the size is above its budget in eng/size-budgets.json; time and memory depend on
# the machine and are only reported.
set -euo pipefail
cd "$(dirname "$0")/.."

gateway=$PWD/artifacts/native/native-gateway
[ -x "$gateway" ] || { echo "$gateway is missing: run eng/native.sh first" >&2; exit 1; }
data=$(mktemp -d)
pid=
stop() { [ -z "$pid" ] || { kill -TERM "$pid" 2>/dev/null || true; wait "$pid" 2>/dev/null || true; pid=; }; }
trap 'stop; rm -rf "$data"' EXIT

# Starts the gateway; its address comes from its own output. Sets $pid and $milliseconds until the first answer.
start() {
  rm -f "$data/out"
  mkfifo "$data/out"
  local begun=$EPOCHREALTIME line port status
  (cd "$data" && exec "$gateway" serve --data "$data" --listen http://127.0.0.1:0 --log-level warning) >"$data/out" 2>"$data/err" &
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
  exec 3<&-
  [[ $status == *" 200 "* ]] || { echo "/health/live answered: $status" >&2; cat "$data/err" >&2; exit 1; }
  milliseconds=$(((${ended/./} - ${begun/./}) / 1000))
}

start # the first start creates the database and the first key
stop
exec 4<&-
times=()
for _ in $(seq 10); do
  start
  times+=("$milliseconds")
  sleep 1
  memory=$(awk '/^VmRSS:/ { print $2 }' "/proc/$pid/status")
  stop
  exec 4<&-
done

size=$(stat -c %s "$gateway")
budget=$(sed -n 's/.*"binaryBytes": *\([0-9]*\).*/\1/p' eng/size-budgets.json)
median=$(printf '%s\n' "${times[@]}" | sort -n | sed -n 5p)
printf 'binary             %d bytes (budget %d)\n' "$size" "$budget"
printf 'start to answer    %d ms, median of %s\n' "$median" "$(IFS=' '; echo "${times[*]}")"
printf 'idle memory (RSS)  %d KiB\n' "$memory"
if [ "$size" -gt "$budget" ]; then
  echo "The binary is larger than its budget: find out why, or raise eng/size-budgets.json and say why in the commit." >&2
  exit 1
fi
