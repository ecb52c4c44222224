#!/usr/bin/env bash
# Builds the release binary and assembles the files of the image:
#
#   scripts/image-build.sh [FOLDER]     default: target/image/rootfs
#
# The Dockerfile runs this; CI runs it too, outside Docker. Its last step runs the binary from the folder.
set -euo pipefail

repo=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
rootfs=$(realpath -m "${1:-$repo/target/image/rootfs}")
certificates=/etc/ssl/certs/ca-certificates.crt

say() { printf 'image: %s\n' "$*" >&2; }
fail() { say "$*"; exit 1; }

command -v cargo >/dev/null || fail "\`cargo\` is missing (Rust, by rustup)."
command -v cc >/dev/null || fail "a C compiler is missing (Debian: gcc and libc6-dev)."
[[ -s $certificates ]] || fail "$certificates is missing (Debian: ca-certificates)."
case $rootfs in
  / | "$repo" | "${HOME:-/}") fail "$rootfs is no folder to fill." ;;
esac

# Only the output of an earlier run is deleted.
if [[ -n $(ls -A "$rootfs" 2>/dev/null) ]]; then
  [[ -x $rootfs/usr/bin/readback ]] || fail "$rootfs is there already, and not from this script."
fi

cd "$repo"
cargo build --release --locked --bin readback
built=${CARGO_TARGET_DIR:-target}/release/readback

rm -rf "$rootfs"
install -d "$rootfs/var/lib/readback"
install -D -m 755 "$built" "$rootfs/usr/bin/readback"
install -D -m 644 -t "$rootfs/usr/share/doc/readback" LICENSE NOTICE
# Slim base images have no CA certificates, which TLS to Webex needs.
install -D -m 644 "$certificates" "$rootfs$certificates"

# Without environment and from an empty folder: the image must need nothing of the checkout.
empty=$(mktemp -d)
trap 'rmdir "$empty"' EXIT
version=$(cd "$empty" && env -i "$rootfs/usr/bin/readback" --version) || fail "the binary does not run."
[[ $version == "readback "* ]] || fail "the binary does not say its version."
say "$version, $(du -h "$rootfs/usr/bin/readback" | cut -f1), in $rootfs"
