#!/usr/bin/env bash
# Makes .data/photo-patches-SIZE/{train,validation,test}: square patches of real photographs, for trials.
# The photographs come with four Debian packages, three of desktop backgrounds and an educational program;
# photo_sources.py lists them, photo_patches.py says what is done to them, docs/data.md what comes out.
#   SIZE   pixels a side (default 32)
#   COUNT  patches in all, fewer if there are no more (default 20000 of 32 pixels, 10000 of other sizes); all: every one, in
#          .data/photo-patches-SIZE-all
#   SEED   which photographs go where, and which patches are taken (default 0)
set -euo pipefail
cd "$(dirname "$0")/.."
. Scripts/packages.sh

size=${SIZE:-32} seed=${SEED:-0}
if [ "$size" = 32 ]; then count=${COUNT:-20000}; else count=${COUNT:-10000}; fi
folder=.data/photo-patches-$size
if [ "$count" = all ]; then count=1000000 folder+=-all; fi
made_with="$size $count $seed $(cat Scripts/photo_*.py | cksum)"

if [ "$(cat "$folder/made-with" 2>/dev/null)" = "$made_with" ]; then exit; fi

command -v apt-get >/dev/null || {
  echo "make-photo-patches: the photographs come with Debian packages, and there is no apt-get here" >&2
  exit 1
}
need_packages plasma-workspace-wallpapers mate-backgrounds lomiri-wallpapers-16.04 gcompris-qt-data
need_pillow

rm -rf "$folder.part"
.venv-pictures/bin/python Scripts/photo_patches.py "$folder.part" --size "$size" --count "$count" --seed "$seed"
echo "$made_with" >"$folder.part/made-with"
rm -rf "$folder"
mv "$folder.part" "$folder"
echo "The patches are in $folder"
