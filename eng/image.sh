#!/usr/bin/env bash
# Builds the container image with buildah from the file that eng/native.sh published, by the last stage of Dockerfile.aot. Pulls nothing. Needs root.
#   eng/image.sh [NAME]            as localhost/NAME (default: native-gateway)
set -euo pipefail
cd "$(dirname "$0")/.."

name=localhost/${1:-native-gateway}
binary=artifacts/native/native-gateway
[ -x "$binary" ] || { echo "$binary is missing: run eng/native.sh first" >&2; exit 1; }
context=$(mktemp -d)
trap 'rm -rf "$context"' EXIT

# The last stage alone, with the files from here in the place of the first stage.
sed -n '/^FROM scratch/,$p' Dockerfile.aot | sed 's#^COPY --from=build /image/ /#COPY image/ /#' >"$context/Dockerfile"
eng/image-root.sh "$binary" "$context/image"
# The format of Docker, since that of OCI has no health check.
buildah bud --isolation chroot --format docker --timestamp 0 --quiet -t "$name" -f "$context/Dockerfile" "$context" >/dev/null
printf '%s  %s bytes\n' "$name" "$(buildah inspect --type image --format '{{.Size}}' "$name" 2>/dev/null || du -sb "$context/image" | cut -f1)"
