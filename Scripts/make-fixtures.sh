#!/usr/bin/env bash
# Writes the reference values of Tests/FlowModelsTests/Fixtures anew, with the PyTorch of .libtorch and normflows.
set -euo pipefail
cd "$(dirname "$0")/.."

packages=.venv-fixtures
if [ ! -d "$packages/normflows" ]; then
  .libtorch/venv/bin/python -m pip install --quiet --no-deps --target "$packages" normflows==1.7.3 || {
    echo "make-fixtures: pip could not install normflows 1.7.3" >&2
    exit 1
  }
fi
PYTHONPATH=$packages .libtorch/venv/bin/python Tests/FlowModelsTests/Fixtures/make_fixtures.py
