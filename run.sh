#!/usr/bin/env bash
# Builds what is missing and starts the gateway with the sample server behind it. Prints the key (once) and what to paste into an MCP client.
# Ctrl-C stops everything.
#   ./run.sh                                   on http://127.0.0.1:12006
#   ./run.sh --listen http://127.0.0.1:8080    further options go to: native-gateway serve
set -euo pipefail
cd "$(dirname "$0")"

gateway=artifacts/native/native-gateway
sample=artifacts/bin/EchoServer/release/EchoServer.dll

# newer FILE PATH...: whether anything in the paths is newer than the file, or the file is missing
newer() { [ ! -e "$1" ] || [ -n "$(find "${@:2}" -newer "$1" -print -quit)" ]; }

eng/prerequisites.sh
if newer "$gateway" src Directory.Build.props Directory.Packages.props; then
  eng/native.sh
fi
if newer "$sample" samples/EchoServer Directory.Build.props Directory.Packages.props; then
  echo "Building the sample server"
  dotnet build samples/EchoServer -c Release --nologo -v quiet
fi
if [ -e data/gateway.db ]; then
  echo "data/gateway.db exists: its administrator key was printed at its first start. Another one: $gateway keys create --name me"
fi
exec "$gateway" serve --config samples/gateway.json "$@"
