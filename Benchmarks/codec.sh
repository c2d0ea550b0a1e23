#!/usr/bin/env bash
# The codec beside the classical ones: a table each of clothes, photographs, faces and emoji, by codec.py. A model of emoji is trained
# first, where runs does not have it.
set -euo pipefail
cd "$(dirname "$0")/.."

glow=.build/release/glow
python=.venv-pictures/bin/python
flags=(--preset masked-glow --labels none --levels 3 --batch 16 --optimizer muon)

# trained NAME FLAGS...: trains runs/NAME, or goes on with it.
trained() {
  if [ -d "runs/$1/checkpoints" ]; then
    "$glow" resume "runs/$1" 2>&1 | tail -1
  else
    "$glow" train "${flags[@]}" --out "runs/$1" "${@:2}"
  fi
}

trained codec-emoji --data .data/emoji-32 --pixel-steps 4 --pixel-hidden 32 --steps 9 --hidden 128 --lr 4e-3 --images 127296
"$python" Benchmarks/codec.py fashion-mnist fashion-mnist --plot docs/images/codec-bits.png
echo
"$python" Benchmarks/codec.py .data/photo-patches-32 photos
echo
"$python" Benchmarks/codec.py .data/faces-64 faces --bits 5
echo
"$python" Benchmarks/codec.py .data/emoji-32 runs/codec-emoji --effort 9
