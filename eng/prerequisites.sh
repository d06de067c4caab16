#!/usr/bin/env bash
# Installs the Debian packages that building and testing need, and only those that are missing. Safe to run any number of times.
#   eng/prerequisites.sh            what ./run.sh needs: the native toolchain and the static libraries
#   eng/prerequisites.sh --tests    additionally what ./test.sh needs: PostgreSQL, Node.js, Python, curl, buildah, systemd, iproute2
#   eng/prerequisites.sh --load     additionally what loadtest needs: wrk and the proxies to compare with
set -euo pipefail

packages=(clang lld cmake zlib1g-dev libssl-dev libargon2-dev libsqlite3-dev ca-certificates)
if [ "${1:-}" = "--tests" ]; then
  packages+=(postgresql nodejs curl buildah openssl procps systemd iproute2)
  # Node.js from elsewhere (a version manager, nodesource) serves as well as Debian's, and nodesource's conflicts with Debian's npm.
  command -v node >/dev/null 2>&1 && packages=("${packages[@]/nodejs/}")
  command -v npm >/dev/null 2>&1 || packages+=(npm)
  command -v python3 >/dev/null 2>&1 || packages+=(python3)
fi

if [ "${1:-}" = "--load" ]; then packages+=(wrk nginx-light libnginx-mod-http-lua lua-cjson haproxy python3 procps curl); fi

missing=()
for package in "${packages[@]}"; do
  [ -n "$package" ] || continue
  status=$(dpkg-query -W -f='${Status}' "$package" 2>/dev/null || true)
  [ "$status" = "install ok installed" ] || missing+=("$package")
done
if ! command -v dotnet >/dev/null 2>&1; then
  echo "The .NET SDK is missing: install version 9 or newer (https://dot.net) and run this again." >&2
  exit 1
fi
[ ${#missing[@]} -gt 0 ] || exit 0

echo "Installing: ${missing[*]}"
as_root=()
[ "$(id -u)" = 0 ] || as_root=(sudo)
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get update -qq
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
