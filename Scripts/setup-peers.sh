#!/usr/bin/env bash
# Makes .venv-peers, the Python that the benchmark's PyTorch sides run in: torch of the version that .libtorch has,
# normflows, and matplotlib for the plots. What .libtorch/venv already holds is not installed again.
#   TORCH_VERSION    the version of torch where .libtorch does not name one (default 2.13.0)
#   TORCH_INDEX_URL  the package index to install torch from (default: what pip is configured for)
set -euo pipefail
cd "$(dirname "$0")/.."

venv=.venv-peers
normflows=1.7.3
version=$(cut -d+ -f1 .libtorch/version 2>/dev/null || true)
version=${version:-${TORCH_VERSION:-2.13.0}}
wanted="torch $version, normflows $normflows, matplotlib"

if [ "$(cat "$venv/installed" 2>/dev/null)" = "$wanted" ] && "$venv/bin/python" -c 'import torch' 2>/dev/null; then exit; fi

fail() {
  echo "setup-peers: $*" >&2
  exit 1
}
log=$venv/pip.log
pip_install() { "$venv/bin/python" -m pip install --disable-pip-version-check "$@" >>"$log" 2>&1; }
has_torch() {
  "$venv/bin/python" -c "import numpy, torch, sys; sys.exit(torch.__version__.split('+')[0] != '$version')" 2>/dev/null
}

echo "Installing $wanted in $venv"
python=python3
if [ -x .libtorch/venv/bin/python ]; then python=.libtorch/venv/bin/python; fi
"$python" -m venv --clear "$venv" || fail "python3 has no venv module: run Scripts/setup-system.sh"
own=$("$venv/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
for shared in "$PWD"/.libtorch/venv/lib/python3*/site-packages; do
  if [ -d "$shared" ]; then echo "$shared" >"$own/libtorch.pth"; fi
done
if ! has_torch; then
  rm -f "$own/libtorch.pth"
  if [ -n "${TORCH_INDEX_URL:-}" ]; then index=(--index-url "$TORCH_INDEX_URL"); else index=(); fi
  if [ -e /dev/nvidia0 ] || nvidia-smi >/dev/null 2>&1; then
    pip_install "${index[@]}" "torch==$version,!=$version+cpu" numpy ||
      fail "pip could not install torch $version: see $log"
  else
    pip_install "${index[@]}" "torch==$version+cpu" numpy || pip_install "${index[@]}" "torch==$version" numpy ||
      fail "pip could not install torch $version: see $log"
  fi
fi
pip_install --no-deps "normflows==$normflows" || fail "pip could not install normflows $normflows: see $log"
pip_install matplotlib || fail "pip could not install matplotlib: see $log"
"$venv/bin/python" -c 'import matplotlib, normflows, torch' || fail "the installation is not complete: see $log"
echo "$wanted" >"$venv/installed"
