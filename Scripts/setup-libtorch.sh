#!/usr/bin/env bash
# Lays out .libtorch: include/ and lib/ of PyTorch's Python wheel, which goes into .libtorch/venv.
#   TORCH_VERSION    the version (default 2.13.0); another one replaces what is laid out
#   TORCH_INDEX_URL  the package index to install from (default: what pip is configured for)
#   LIBTORCH_DIR     a libtorch of your own, with include/ and lib/: it is checked, and nothing is installed
set -euo pipefail
cd "$(dirname "$0")/.."

fail() {
  echo "setup-libtorch: $*" >&2
  exit 1
}

# Fails unless folder $1 has headers and a library, both of one version.
check_libtorch() {
  local library=$1/lib/libtorch_cpu.so header version
  [ -f "$library" ] || library=$1/lib/libtorch_cpu.dylib
  [ -f "$1/include/ATen/ATen.h" ] || fail "$1 is no libtorch folder: it has no include/ATen/ATen.h"
  [ -f "$library" ] || fail "$1 is no libtorch folder: it has no lib/libtorch_cpu.so"
  header=$1/include/torch/headeronly/version.h
  [ -f "$header" ] || header=$1/include/torch/csrc/api/include/torch/version.h # before 2.9
  version=$(sed -nE 's/^#define TORCH_VERSION_(MAJOR|MINOR|PATCH) ([0-9]+).*/\2/p' "$header" 2>/dev/null | paste -sd. -) ||
    fail "no version could be read in $header"
  # The library holds its version as a C string of its own.
  [ "$(tr '\0' '\n' <"$library" | LC_ALL=C grep -axF -m1 "$version")" = "$version" ] ||
    fail "the headers in $1 are of version $version, but $library is of another"
}

if [ -n "${LIBTORCH_DIR:-}" ]; then
  [[ $LIBTORCH_DIR == /* ]] || fail "LIBTORCH_DIR has to be an absolute path, and $LIBTORCH_DIR is not"
  check_libtorch "${LIBTORCH_DIR%/}"
  exit
fi

version=${TORCH_VERSION:-2.13.0}
log=.libtorch/pip.log

# Whether $1 is the version asked for; 2.13.0+cpu is a build of 2.13.0.
is_wanted() { [[ $1 == "$version" || $1 == "$version"+* ]]; }

# Prints the version of torch in environment $1 if every file of it is there, in full, and numpy is there too.
installed_version() {
  "$1/bin/python" - 2>/dev/null <<'PY' || true
from importlib.metadata import distribution
distribution("numpy")
torch = distribution("torch")
if all(file.size is None or file.locate().stat().st_size == file.size for file in torch.files):
    print(torch.version)
PY
}

# Fails for what pip could not do; where it reached nobody, that is all there is to say.
fail_pip() {
  if grep -qE 'NewConnectionError|NameResolutionError|ConnectTimeoutError|Network is unreachable|Failed to establish' "$log"; then
    fail "pip reached no package index: is there a network? (See $log.)"
  fi
  fail "$*: see $log"
}

pip_install() { .libtorch/venv.part/bin/python -m pip install --disable-pip-version-check "$@" >"$log" 2>&1; }

# Prints the megabytes to fetch, by pip's report in $1; fails when a server does not tell.
download_size() {
  python3 - "$1" 2>>"$log" <<'PY'
import json, os, sys, urllib.parse, urllib.request
total = 0
for item in json.load(open(sys.argv[1]))["install"]:
    url = urllib.parse.urlsplit(item["download_info"]["url"])
    if url.scheme == "file":
        total += os.path.getsize(urllib.parse.unquote(url.path))
    else:
        request = urllib.request.Request(url.geturl(), method="HEAD")
        total += int(urllib.request.urlopen(request, timeout=20).headers["Content-Length"])
print(total // 1_000_000)
PY
}

# With a torch for NVIDIA GPUs: the headers that NCCL's process group needs and torch's own dependencies do not bring. Without
# them everything but several processes on GPUs works.
add_cuda_headers() {
  local cuda
  cuda=$(.libtorch/venv.part/bin/python -c 'import torch; print(torch.version.cuda or "")' 2>>"$log")
  [ -z "$cuda" ] || pip_install "nvidia-cuda-crt==$cuda.*" "nvidia-cuda-cccl==$cuda.*" ||
    echo "setup-libtorch: no headers of CUDA $cuda: glow will be built without NCCL (see $log)" >&2
}

# Makes the environment under another name first: what was there stays until the new one is whole. (Scripts in its
# bin/ keep that name inside; only python is used.)
install() {
  local spec="torch==$version" megabytes free
  python3 -c 'import venv, ensurepip' 2>/dev/null || fail "python3 has no venv module: run Scripts/setup-system.sh"
  trap 'rm -rf .libtorch/venv.part' EXIT
  rm -rf .libtorch/venv.part
  mkdir -p .libtorch
  python3 -m venv .libtorch/venv.part
  pip_install 'pip>=23.3' || fail_pip "pip could not be updated" # older ones fetch all in a dry run
  if [ -n "${TORCH_INDEX_URL:-}" ]; then export PIP_INDEX_URL=$TORCH_INDEX_URL; fi

  # Without an NVIDIA GPU take the CPU build where there is one, as it is many times smaller; with a GPU any other.
  if [ -e /dev/nvidia0 ] || nvidia-smi >/dev/null 2>&1; then
    spec="torch==$version,!=$version+cpu"
  elif [[ $version != *+* ]] && pip_install --dry-run --no-deps "torch==$version+cpu"; then
    spec="torch==$version+cpu"
  fi

  pip_install --dry-run --report .libtorch/report.json "$spec" numpy || fail_pip "pip finds no $spec"
  if megabytes=$(download_size .libtorch/report.json); then
    echo "Installing $spec in .libtorch: $megabytes MB to fetch."
    free=$(($(df -Pk .libtorch | awk 'NR == 2 { print $4 }') / 1000))
    ((free > megabytes * 5)) || fail "torch needs about $((megabytes * 5)) MB of disk, and only $free MB are free"
  else
    echo "Installing $spec in .libtorch (how much there is to fetch could not be found out)."
  fi
  pip_install "$spec" numpy || fail_pip "pip could not install $spec"
  add_cuda_headers
  is_wanted "$(installed_version .libtorch/venv.part)" || fail "the installation is not complete: see $log"
  rm -rf .libtorch/version .libtorch/venv
  mv .libtorch/venv.part .libtorch/venv
}

# The stamp is written last: where it is, the rest is whole.
if is_wanted "$(cat .libtorch/version 2>/dev/null)" && [ -f .libtorch/include/ATen/ATen.h ]; then exit; fi

is_wanted "$(installed_version .libtorch/venv)" || install
torch=$(cd .libtorch && echo venv/lib/python3*/site-packages/torch)
for part in include lib; do ln -sfn "$torch/$part" ".libtorch/$part"; done
rm -f .libtorch/nccl .libtorch/cuda
for folder in .libtorch/"${torch%/torch}"/nvidia/cu[0-9]*; do
  if [ -d "$folder" ]; then ln -sfn "${folder#.libtorch/}" .libtorch/cuda; fi
done
if [ -d ".libtorch/${torch%/torch}/nvidia/nccl" ]; then ln -sfn "${torch%/torch}/nvidia/nccl" .libtorch/nccl; fi
check_libtorch .libtorch
installed_version .libtorch/venv >.libtorch/version
