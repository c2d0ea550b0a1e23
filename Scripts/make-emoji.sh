#!/usr/bin/env bash
# Makes .data/emoji-SIZE/{train,validation,test}: all emoji of Noto on white, and attributes.csv with each split.
# The pictures come with Debian's fonts-noto-color-emoji, the names with its unicode-data; emoji_set.py says what is
# done to them, docs/data.md what comes out.
#   SIZE   pixels a side: 16, 32, 64 or 128 (default 32)
#   SEED   which emoji go where (default 0)
set -euo pipefail
cd "$(dirname "$0")/.."
. Scripts/packages.sh

size=${SIZE:-32} seed=${SEED:-0}
folder=.data/emoji-$size
made_with="$size $seed $(cat Scripts/emoji_*.py | cksum)"

if [ "$(cat "$folder/made-with" 2>/dev/null)" = "$made_with" ]; then exit; fi

command -v apt-get >/dev/null || {
  echo "make-emoji: the pictures come with a Debian package, and there is no apt-get here" >&2
  exit 1
}
need_packages fonts-noto-color-emoji unicode-data
need_pillow

rm -rf "$folder.part"
.venv-pictures/bin/python Scripts/emoji_set.py "$folder.part" --size "$size" --seed "$seed"
echo "$made_with" >"$folder.part/made-with"
rm -rf "$folder"
mv "$folder.part" "$folder"
echo "The emoji are in $folder"
