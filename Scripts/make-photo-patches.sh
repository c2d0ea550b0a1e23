#!/usr/bin/env bash
# Makes .data/photo-patches-SIZE/{train,validation,test}: square patches of real photographs, for trials.
# The photographs come with three Debian packages of desktop backgrounds; see photo_patches.py for what is done to them.
#   SIZE   pixels a side (default 32)
#   COUNT  patches in all (default 4000)
#   SEED   which photographs go where, and which patches are taken (default 0)
set -euo pipefail
cd "$(dirname "$0")/.."
. Scripts/packages.sh

size=${SIZE:-32} count=${COUNT:-4000} seed=${SEED:-0}
folder=.data/photo-patches-$size

if [ "$(cat "$folder/made-with" 2>/dev/null)" = "$size $count $seed" ]; then exit; fi

command -v apt-get >/dev/null || {
  echo "make-photo-patches: the photographs come with Debian packages, and there is no apt-get here" >&2
  exit 1
}
need_packages plasma-workspace-wallpapers mate-backgrounds lomiri-wallpapers-16.04

if ! .venv-photos/bin/python -c 'import numpy, PIL' 2>/dev/null; then
  python3 -m venv --clear .venv-photos
  .venv-photos/bin/python -m pip install --quiet --disable-pip-version-check numpy pillow
fi

rm -rf "$folder.part"
.venv-photos/bin/python Scripts/photo_patches.py "$folder.part" --size "$size" --count "$count" --seed "$seed"
echo "$size $count $seed" >"$folder.part/made-with"
rm -rf "$folder"
mv "$folder.part" "$folder"
