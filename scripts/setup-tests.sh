#!/usr/bin/env bash
# Installs what the tests need and is missing, and prints the variables they read:
#
#   variables=$(scripts/setup-tests.sh) && eval "$variables"
#   variables=$(scripts/setup-tests.sh rust-bert) && eval "$variables"     for the tests that need libtorch
#
# Debian packages are installed with apt-get if this runs as root; otherwise the missing ones are listed and the script
# fails. npm packages are installed into tests/browser, PyPI packages into a cache. The Kubernetes control plane is
# built once, into a cache too. Progress goes to standard error. A second run finds everything and takes a second.
set -euo pipefail

repo=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
browser=$repo/tests/browser
what=${1:-}

case $what in '' | rust-bert) ;; *) echo "setup: no such tests: $what" >&2; exit 1 ;; esac
say() { printf 'setup: %s\n' "$*" >&2; }
fail() { say "$*"; exit 1; }

command -v cargo >/dev/null || fail "\`cargo\` is missing: install Rust with rustup; rust-toolchain.toml says which."

# need COMMAND PACKAGE...: adds the packages to the list if the command is missing.
packages=()
need() { command -v "$1" >/dev/null || packages+=("${@:2}"); }
need cc gcc libc6-dev
need sha256sum coreutils
need flock util-linux
python3 -m pip --version >/dev/null 2>&1 || packages+=(python3 python3-pip)
if [[ $what == rust-bert ]]; then
  need c++ g++
elif [[ -f $browser/package.json ]]; then
  need node nodejs
  need npm npm
  # Without any font a page renders no text.
  [[ -n ${CHROMIUM:-} ]] || need chromium chromium fonts-liberation
fi

if ((${#packages[@]})); then
  command -v apt-get >/dev/null || fail "missing, and there is no apt-get here to install it: ${packages[*]} (names of Debian's packages)."
  [[ $(id -u) == 0 ]] || fail "missing: ${packages[*]}. As root: apt-get install ${packages[*]}"
  say "installing with apt-get: ${packages[*]}"
  export DEBIAN_FRONTEND=noninteractive
  apt-get -qq -o Acquire::Retries=3 update >&2
  apt-get -qq -o Acquire::Retries=3 install -y --no-install-recommends "${packages[@]}" >&2 </dev/null
fi

if [[ $what == rust-bert ]]; then
  exec "$repo/scripts/libtorch.sh" </dev/null
fi

if [[ -f $browser/package.json ]]; then
  [[ -f $browser/package-lock.json ]] || fail "tests/browser/package-lock.json is missing."
  stamp=$browser/node_modules/.installed-from
  lock=$(sha256sum <"$browser/package-lock.json")
  if [[ $(cat "$stamp" 2>/dev/null || true) != "$lock" ]]; then
    say "installing the browser test's packages with npm ci"
    npm ci --prefix "$browser" --no-audit --no-fund --loglevel=error >&2 </dev/null
    printf '%s\n' "$lock" >"$stamp"
  fi
  chromium=${CHROMIUM:-$(command -v chromium)}
  [[ -x $chromium ]] || fail "CHROMIUM names $chromium, which is no program."
fi

# The Python clients of tests/clients, in one folder per requirements file and Python version.
clients=$repo/tests/clients/requirements.txt
cache=${READBACK_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/readback}
python=$cache/python/$({ python3 --version; cat "$clients"; } | sha256sum | cut -c1-16)
mkdir -p "$cache/python"
exec 9>"$cache/python/lock"
flock 9
if [[ ! -d $python ]]; then
  say "installing the Python clients with pip (120 MB on disk)"
  rm -rf "$python.part"
  PIP_ROOT_USER_ACTION=ignore python3 -m pip install --quiet --no-deps --only-binary=:all: \
    --target "$python.part" --requirement "$clients" >&2 </dev/null
  mv "$python.part" "$python"
fi
exec 9>&-

# The first run builds for minutes, and reports its progress.
plane=$("$repo/scripts/control-plane.sh" </dev/null)

if [[ -n ${chromium:-} ]]; then printf 'export CHROMIUM=%q\n' "$chromium"; fi
printf 'export READBACK_CONTROL_PLANE=%q\n' "$plane"
printf 'export READBACK_PYTHON_PACKAGES=%q\n' "$python"
