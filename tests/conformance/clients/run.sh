#!/usr/bin/env bash
# Runs unmodified official clients against a gateway with authentication and real servers behind it.
#   tests/conformance/clients/run.sh            all scripts
#   tests/conformance/clients/run.sh mixup      those named
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"

scripts=("$@")
[ ${#scripts[@]} -gt 0 ] || scripts=(sdk1 resume sse client2 stdio inspector mixup)
official=$here/node_modules/@modelcontextprotocol

install_packages
need_gateway
mkdir "$work/files"

everything_port=$(free_port)
start everything-http env PORT="$everything_port" \
  "$node" --import "$here/clients/loopback.mjs" "$official/server-everything/dist/index.js" streamableHttp
wait_until everything-http curl --silent "http://127.0.0.1:$everything_port/mcp"
sse_port=$(free_port)
start everything-sse env PORT="$sse_port" \
  "$node" --import "$here/clients/loopback.mjs" "$official/server-everything/dist/index.js" sse
wait_until everything-sse curl --silent --max-time 1 --output /dev/null --write-out '%{http_code}' "http://127.0.0.1:$sse_port/"
start_reference dual

# The limits are out of the way: the point is a thousand calls at once.
cat >"$work/gateway.json" <<JSON
{
  "mcpServers": {
    "everything": { "command": "$node", "args": ["$official/server-everything/dist/index.js", "stdio"] },
    "everything-http": { "url": "http://127.0.0.1:$everything_port/mcp" },
    "everything-sse": { "type": "sse", "url": "http://127.0.0.1:$sse_port/sse" },
    "everything-sse-found": { "url": "http://127.0.0.1:$sse_port/sse" },
    "filesystem": { "command": "$node", "args": ["$official/server-filesystem/dist/index.js", "$work/files"] },
    "memory": {
      "command": "$node",
      "args": ["$official/server-memory/dist/index.js"],
      "env": { "MEMORY_FILE_PATH": "$work/memory.jsonl" }
    },
    "reference": { "url": "$reference_url" }
  },
  "limits": { "requestsPerMinute": 1000000, "burst": 100000 }
}
JSON
start_gateway "$work/gateway.json"

# A first start on an empty database prints the administrator's key, once. Its id alone would be shorter.
key=$(grep -o 'ngw_[0-9A-Za-z_]*' "$work/gateway.log" | awk '{ print length, $0 }' | sort -rn | sed -n '1s/.* //p')
[ -n "$key" ] || { say "the gateway printed no key"; exit 1; }

status=0
for script in "${scripts[@]}"; do
  say "running $script"
  GATEWAY_URL=$gateway_url/mcp GATEWAY_KEY=$key GATEWAY_FILES=$work/files GATEWAY_BINARY=$gateway \
    GATEWAY_CONFIG=$work/gateway.json GATEWAY_DATA=$work/stdio-data "$node" "$here/clients/$script.mjs" || status=1
done
exit $status
