#!/usr/bin/env bash
# Judges the gateway with the official conformance suite, as a server and as a client: what passes against a server must pass through the gateway,
# and what the gateway sends to the suite's servers must please them.
#   eng/conformance.sh                                both legs, both revisions
#   eng/conformance.sh 2026-07-28                     one revision
#   eng/conformance.sh --leg client                   one leg (server, client)
#   eng/conformance.sh --upstream legacy 2026-07-28   the gateway's upstream speaks 2025-11-25 only (modern: 2026-07-28
#                                                     only), so that the gateway has to bridge
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/../tests/conformance/lib.sh"

upstream=dual
leg=both
while [[ ${1:-} == --* ]]; do
  case $1 in
    --upstream) upstream=$2 leg=server ;;
    --leg) leg=$2 ;;
    *) say "unknown option $1"; exit 64 ;;
  esac
  shift 2
done
revisions=("$@")
[ ${#revisions[@]} -gt 0 ] || revisions=(2025-11-25 2026-07-28)

install_packages
need_gateway

status=0
if [ "$leg" != client ]; then
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

  for revision in "${revisions[@]}"; do
    list=$revision
    [ "$upstream" = dual ] || list="$revision over $upstream"
    "$node" "$here/compare.mjs" --requirements "$revision" --list "$list" \
      --direct "$direct_url" --gateway "$gateway_url/mcp/reference" || status=1
    echo
  done
fi

if [ "$leg" != server ]; then
  for revision in "${revisions[@]}"; do
    GATEWAY_BINARY=$gateway "$node" "$here/client-leg.mjs" "$revision" || status=1
    echo
  done
fi
exit $status
