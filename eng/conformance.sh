#!/usr/bin/env bash
# Judges the gateway with the official conformance suite: what passes against a server must pass through the gateway.
#   eng/conformance.sh                                both revisions
#   eng/conformance.sh 2026-07-28                     one revision
#   eng/conformance.sh --upstream legacy 2026-07-28   the gateway's upstream speaks 2025-11-25 only (modern: 2026-07-28
#                                                     only), so that the gateway has to bridge
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/../tests/conformance/lib.sh"

upstream=dual
if [ "${1:-}" = "--upstream" ]; then
  upstream=$2
  shift 2
fi
revisions=("$@")
[ ${#revisions[@]} -gt 0 ] || revisions=(2025-11-25 2026-07-28)

install_packages
need_gateway

start_reference dual
direct_url=$reference_url
[ "$upstream" = dual ] || start_reference "$upstream"

cat >"$work/gateway.json" <<JSON
{
  "mcpServers": { "reference": { "url": "$reference_url" } },
  "limits": { "requestsPerMinute": 1000000, "burst": 100000 }
}
JSON
start_gateway "$work/gateway.json" --no-auth

status=0
for revision in "${revisions[@]}"; do
  list=$revision
  [ "$upstream" = dual ] || list="$revision over $upstream"
  "$node" "$here/compare.mjs" --requirements "$revision" --list "$list" \
    --direct "$direct_url" --gateway "$gateway_url/mcp/reference" || status=1
  echo
done
exit $status
