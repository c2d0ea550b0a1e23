#!/usr/bin/env bash
# Makes FOLDER/{train,validation,test}: drawn faces, and attributes.csv with each split.
# The parts come with PyPI's dicebear-styles; faces_parts.py says how often each is drawn and which attributes it gives,
# faces_set.py what is done to them, docs/data.md what comes out.
#   SIZE   pixels a side: 16, 32, 64 or 128 (default 64)
#   COUNT  faces in all (default 20000)
#   SEED   which faces are drawn, and which go where (default 0)
#   FOLDER where they go (default .data/faces-SIZE)
set -euo pipefail
cd "$(dirname "$0")/.."
. Scripts/packages.sh

size=${SIZE:-64} count=${COUNT:-20000} seed=${SEED:-0}
folder=${FOLDER:-.data/faces-$size}
made_with="$size $count $seed ${dicebear[*]} $(cat Scripts/faces_*.py | cksum)"

if [ "$(cat "$folder/made-with" 2>/dev/null)" = "$made_with" ]; then exit; fi

need_dicebear

rm -rf "$folder.part"
.venv-faces/bin/python Scripts/faces_set.py "$folder.part" --size "$size" --count "$count" --seed "$seed"
echo "$made_with" >"$folder.part/made-with"
rm -rf "$folder"
mv "$folder.part" "$folder"
echo "The faces are in $folder"
