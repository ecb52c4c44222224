#!/usr/bin/env bash
# Starts the demo with the given binary, and tests its page in Chromium:
#
#   scripts/browser-test.sh target/debug/readback
#
# It also renders the cards in READBACK_CARDS. The demo's output and the screenshots are stored in READBACK_ARTIFACTS
# (default: target/browser-test).
set -euo pipefail

repo=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
binary=$(realpath "${1:?the path of the binary}")
export READBACK_ARTIFACTS=${READBACK_ARTIFACTS:-$repo/target/browser-test}
log=$READBACK_ARTIFACTS/demo.log

say() { printf 'browser test: %s\n' "$*" >&2; }
fail() { say "$*"; exit 1; }

[[ -d $repo/tests/browser/node_modules ]] || fail "tests/browser/node_modules is missing: run scripts/setup-tests.sh."
mkdir -p "$READBACK_ARTIFACTS"
# The cards of the golden conversations; `make test-rust` writes them there.
cards=${READBACK_CARDS:-$(dirname "$(dirname "$binary")")/tmp/cards}
[[ -d $cards ]] || fail "$cards is missing: run make test-rust first."

"$binary" demo --no-open >"$log" 2>&1 </dev/null &
demo=$!
trap 'kill "$demo" 2>/dev/null && wait "$demo" || true' EXIT

# The first URL in its output is the page's.
for ((tenths = 0; tenths < 600; tenths++)); do
  READBACK_PAGE=$(grep -m1 -oE 'http://(127\.0\.0\.1|localhost):[0-9]+[^[:space:]]*' "$log" || true)
  [[ -z $READBACK_PAGE ]] || break
  kill -0 "$demo" 2>/dev/null || { cat "$log" >&2; fail "the demo ended."; }
  sleep 0.1
done
[[ -n $READBACK_PAGE ]] || { cat "$log" >&2; fail "the demo printed no address within a minute."; }
export READBACK_PAGE READBACK_CARDS=$cards

if ! npm test --silent --prefix "$repo/tests/browser" </dev/null; then
  say "the demo's last words:"
  tail -n 50 "$log" >&2
  exit 1
fi
