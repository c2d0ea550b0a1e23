#!/usr/bin/env bash
# Makes sure that Fashion-MNIST is there, which the demo and the tests read.
set -euo pipefail
cd "$(dirname "$0")/.."
. Scripts/packages.sh

files=(train-images-idx3-ubyte train-labels-idx1-ubyte t10k-images-idx3-ubyte t10k-labels-idx1-ubyte)
folder=/usr/share/datasets/fashion-mnist

has_data() {
  local name
  for name in "${files[@]}"; do [ -f "$folder/$name.gz" ] || [ -f "$folder/$name" ] || return 1; done
}

if has_data; then exit; fi
if command -v apt-get >/dev/null; then need_packages dataset-fashion-mnist; fi
has_data || {
  echo "setup-data: no Fashion-MNIST in $folder: put its four files (${files[0]}.gz, ...) there" >&2
  exit 1
}
