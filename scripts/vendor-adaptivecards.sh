#!/bin/sh
# Fetches Microsoft's `adaptivecards` with npm and puts its bundle, licence and version where the page is built from.
# Usage: scripts/vendor-adaptivecards.sh [VERSION]
set -eu

version="${1:-latest}"
target="$(cd "$(dirname "$0")/.." && pwd)/src/demo/page/assets/vendor"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT

cd "$work"
npm pack --silent "adaptivecards@$version" >/dev/null
tar xzf adaptivecards-*.tgz

mkdir -p "$target"
# The bundle refers to a source map that is not shipped; a browser's developer tools would request it.
sed '/^\/\/# sourceMappingURL=/d' package/dist/adaptivecards.min.js >"$target/adaptivecards.min.js"
{
    cat package/LICENSE
    printf '\n--- notices inside the bundle ---\n\n'
    cat package/dist/adaptivecards.min.js.LICENSE.txt
} >"$target/adaptivecards.LICENSE.txt"
node -p 'require("./package/package.json").version' >"$target/VERSION"
echo "adaptivecards $(cat "$target/VERSION")"
