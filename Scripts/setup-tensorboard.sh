#!/usr/bin/env bash
# Makes .venv-tensorboard, a Python with what of TensorBoard reads event files, for the tests of the files that training
# writes. The server, and TensorFlow, are left out.
set -euo pipefail
cd "$(dirname "$0")/.."

venv=.venv-tensorboard
tensorboard=2.21.0
wanted="tensorboard $tensorboard (its reader)"
check="import numpy; from tensorboard.backend.event_processing import event_accumulator"

fail() {
  echo "setup-tensorboard: $*" >&2
  exit 1
}

if [ "$(cat "$venv/installed" 2>/dev/null)" = "$wanted" ] && "$venv/bin/python" -c 'import tensorboard, numpy' 2>/dev/null
then exit; fi

echo "Installing $wanted in $venv"
log=$venv/pip.log
python3 -m venv --clear "$venv" 2>/dev/null || fail "python3 has no venv module: run Scripts/setup-system.sh"
# Without the server's packages, which the reader does not use.
"$venv/bin/python" -m pip install --disable-pip-version-check --no-deps "tensorboard==$tensorboard" numpy protobuf \
  absl-py >"$log" 2>&1 || fail "pip could not install tensorboard $tensorboard: see $log"
"$venv/bin/python" -c "$check" >>"$log" 2>&1 || fail "the installation is not complete: see $log"
echo "$wanted" >"$venv/installed"
