# Starts the programs that are measured and reads what they cost. Source it; it needs $loadtest (this directory) and ends what it started.
#   GATEWAY=FILE           the gateway's binary (default: artifacts/native/native-gateway)
#   GATEWAY_OPTIONS='…'    further options of its serve
#   BASE_PORT=N            the first of the ports that are taken (default: 17700)

gateway=${GATEWAY:-$loadtest/../artifacts/native/native-gateway}
work=$(mktemp -d)
upstream_port=${BASE_PORT:-17700}
next_port=$((upstream_port + 1))
declare -A pid port key session start binary
background=() gateways=()
trap 'stop_all; rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

stop_all() {
  local process
  for process in "${pid[@]}" "${background[@]}"; do kill "$process" 2>/dev/null || true; done
  wait 2>/dev/null || true
}

die() { echo "$*" >&2; exit 1; }
need_gateway() { [ -x "$1" ] || die "$1 is missing: run eng/native.sh first, or name another one by GATEWAY"; }

# answers PORT: until something there answers a request, whatever it says
answers() {
  for _ in $(seq 10000); do
    (exec 3<>"/dev/tcp/127.0.0.1/$1" && printf 'GET /health/live HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n' >&3 && read -r <&3) 2>/dev/null && return
  done
  die "nothing answers on port $1: $(cat "$work"/*.log)"
}

# launch NAME COMMAND…: in the background, until it answers on ${port[NAME]}; how long that took goes to ${start[NAME]}, in ms
launch() {
  local name=$1 begun=$EPOCHREALTIME
  shift
  "$@" >"$work/$name.out" 2>"$work/$name.log" &
  pid[$name]=$!
  answers "${port[$name]}"
  local ended=$EPOCHREALTIME
  start[$name]=$(((${ended/./} - ${begun/./}) / 1000))
}

fill() { sed -e "s#@DIR@#$work#g" -e "s#@HERE@#$loadtest#g" -e "s/@UPSTREAM@/$upstream_port/g" -e "s/@PORT@/${port[$1]}/g" "$loadtest/$2" >"$work/$1.conf"; }

start_upstream() {
  clang -O2 -o "$work/upstream" "$loadtest/upstream.c"
  clang -O2 -o "$work/pace" "$loadtest/pace.c"
  port[direct]=$upstream_port
  launch direct "$work/upstream" "$upstream_port"
}

# start_gateway NAME BINARY: everything on. The key may use the one server, by globs. The second start is the measured one, on a database that exists.
start_gateway() {
  local name=$1 data=$work/$1
  need_gateway "$2"
  mkdir -p "$data"
  cat >"$data/gateway.json" <<JSON
{ "mcpServers": { "fast": { "url": "http://127.0.0.1:$upstream_port/mcp" } }, "limits": { "requestsPerMinute": 10000000, "burst": 10000000 } }
JSON
  # shellcheck disable=SC2206
  local serve=("$2" serve --config "$data/gateway.json" --data "$data" --listen "http://127.0.0.1:${port[$name]}" ${GATEWAY_OPTIONS:-})
  launch "$name" "${serve[@]}"
  kill "${pid[$name]}"; wait "${pid[$name]}" || true
  key[$name]=$("$2" keys create --name load --allow-server fast --allow-tool 'fast__*' --requests-per-minute 10000000 --burst 10000000 \
    --config "$data/gateway.json" --data "$data" 2>>"$work/$name.log" | grep -o 'ngw_[0-9A-Za-z_]*')
  launch "$name" "${serve[@]}"
  binary[$name]=$2
  gateways+=("$name")
}

# start_mcp_proxy: npm's, before the same upstream over stdio; all calls go in one session. It answers every call by a stream, and progress not at all.
start_mcp_proxy() {
  [ "$loadtest/node_modules/.package-lock.json" -nt "$loadtest/package-lock.json" ] || npm ci --prefix "$loadtest" --no-audit --no-fund --ignore-scripts --loglevel=error
  launch mcp-proxy node "$loadtest/node_modules/mcp-proxy/dist/bin/mcp-proxy.mjs" --host 127.0.0.1 --port "${port[mcp-proxy]}" --server stream --no-eventStore \
    -- "$work/upstream" stdio
  session[mcp-proxy]=$(curl -s -D - -o /dev/null "http://127.0.0.1:${port[mcp-proxy]}/mcp" -H 'Content-Type: application/json' \
    -H 'Accept: application/json, text/event-stream' \
    -d '{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"load","version":"1"}}}' |
    tr -d '\r' | sed -n 's/^mcp-session-id: //Ip')
  binary[mcp-proxy]=$(command -v node)
}

# start_program NAME: one of those that are known, or LABEL=FILE, another binary of the gateway
start_program() {
  local name=${1%%=*}
  port[$name]=$next_port
  next_port=$((next_port + 1))
  case $1 in
    nginx) fill nginx nginx.conf; launch nginx nginx -p "$work" -c "$work/nginx.conf"; binary[nginx]=$(command -v nginx) ;;
    haproxy) fill haproxy haproxy.cfg; launch haproxy haproxy -f "$work/haproxy.conf" -q; binary[haproxy]=$(command -v haproxy) ;;
    nginx-lua)
      fill nginx-lua nginx-lua.conf
      launch nginx-lua nginx -p "$work" -c "$work/nginx-lua.conf"
      binary[nginx-lua]=$(command -v nginx)
      key[nginx-lua]=load ;;
    mcp-proxy) start_mcp_proxy ;;
    gateway) start_gateway gateway "$gateway" ;;
    *=*) start_gateway "$name" "${1#*=}" ;;
    *) die "unknown program $1" ;;
  esac
}

# The work beside the hot path goes on while measuring: metrics are scraped and health is asked; usage is flushed by the gateway itself.
scrape() {
  local name
  while sleep 2; do
    for name in "$@"; do
      curl -s "http://127.0.0.1:${port[$name]}/metrics" "http://127.0.0.1:${port[$name]}/health/ready" >/dev/null || true
    done
  done
}

# processes NAME: the process and, where it works in children, those
processes() {
  echo "${pid[$1]}"
  case $1 in nginx*) pgrep -P "${pid[$1]}" || true ;; esac
}

# cpu NAME: nanoseconds of processor time so far, of all threads
cpu() {
  # shellcheck disable=SC2046
  python3 -c 'import sys, time; print(sum(int(1e9 * time.clock_gettime((~int(pid) << 3) | 2)) for pid in sys.argv[1:]))' $(processes "$1")
}

# memory NAME: resident KiB
memory() {
  local process sum=0
  for process in $(processes "$1"); do sum=$((sum + $(awk '/^VmRSS:/ { print $2 }' "/proc/$process/status"))); done
  echo "$sum"
}

# call_once NAME TOOL: fails loudly when the program does not answer a call as it should, before anything is measured
call_once() {
  curl -sf --max-time 5 "http://127.0.0.1:${port[$1]}/mcp" -H "Authorization: Bearer ${key[$1]:-none}" -H "Mcp-Session-Id: ${session[$1]:-}" \
    -H 'MCP-Protocol-Version: 2025-06-18' -H 'Content-Type: application/json' -H 'Accept: application/json, text/event-stream' \
    -d "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":\"fast__$2\",\"arguments\":{}}}" | grep -q '"content"' ||
    die "$1 does not answer a call of $2: $(tail -3 "$work/$1.log")"
}

# start_tenants COUNT: a gateway as "tenants" whose tenants come through its administration API; sets KEYS and LIMITED_KEY and exports them
start_tenants() {
  local data=$work/tenants
  need_gateway "$gateway"
  port[tenants]=$next_port
  next_port=$((next_port + 1))
  mkdir -p "$data"
  cat >"$data/gateway.json" <<JSON
{ "limits": { "requestsPerMinute": 10000000, "burst": 10000000 }, "network": { "allowPrivateUpstreams": true } }
JSON
  # shellcheck disable=SC2086
  launch tenants "$gateway" serve --config "$data/gateway.json" --data "$data" --listen "http://127.0.0.1:${port[tenants]}" ${GATEWAY_OPTIONS:-}
  "$loadtest/tenants.py" "http://127.0.0.1:${port[tenants]}" "$(grep -om1 'ngw_[0-9A-Za-z_]*' "$work/tenants.out")" \
    "http://127.0.0.1:$upstream_port/mcp" "$1" >"$work/keys"
  source "$work/keys"
  export KEYS LIMITED_KEY
}
