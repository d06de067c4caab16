#!/usr/bin/env bash
# Checks the k6 scenarios against k6's published types, and what else of the load harness can be checked without running it.
set -euo pipefail
cd "$(dirname "$0")"

[ node_modules/.package-lock.json -nt package-lock.json ] || npm ci --no-audit --no-fund --ignore-scripts --loglevel=error
node_modules/.bin/tsc -p tsconfig.json
for script in *.sh; do bash -n "$script"; done
warnings=(-Wall -Wextra -Werror -Wno-gnu-zero-variadic-macro-arguments -fsyntax-only)
clang "${warnings[@]}" upstream.c pace.c
for scenario in k6/*.js; do
  name=$(basename "$scenario" .js)
  [ "$name" = gateway ] || grep -q "\"$name\"" thresholds.json || { echo "$name has no threshold in thresholds.json" >&2; exit 1; }
done
