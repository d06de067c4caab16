#!/usr/bin/env bash
# The head of a file of results: what was measured, on what, and how to repeat it. Names no host.
#   loadtest/machine.sh COMMAND BINARY
set -euo pipefail
commit=$(git -C "$(dirname "$0")" rev-parse --short HEAD)
[ -z "$(git -C "$(dirname "$0")" status --porcelain -- ../src)" ] || commit="$commit, with changes"
cat <<TEXT
# $(nproc) shared cores ($(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -1)), $(sed -n 's/^PRETTY_NAME="\(.*\)"/\1/p' /etc/os-release)

\`$1\` at commit $commit. Kernel $(uname -r | cut -d- -f1), $(awk '/^MemTotal:/ { printf "%.0f", $2 / 1048576 }' /proc/meminfo) GiB of memory,
load average $(cut -d' ' -f1 /proc/loadavg) at the end; $("$2" version | head -1), $(stat -Lc %s "$2") bytes.

TEXT
