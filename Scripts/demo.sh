#!/usr/bin/env bash
# The demo: trains a small Glow on Fashion-MNIST, scores it against a per-pixel histogram, and draws what it learned.
# --toy: seconds instead of minutes. --output FOLDER: instead of runs/demo. A finished run there is not trained again.
set -euo pipefail
cd "$(dirname "$0")/.."

preset=demo output=runs/demo limit=()
while [ $# -gt 0 ]; do
  case $1 in
    --toy) preset=toy limit=(--limit 500) ;;
    --output) output=${2:?--output needs a folder}; shift ;;
    *) echo "demo.sh: unknown option $1, expected --toy or --output FOLDER" >&2; exit 2 ;;
  esac
  shift
done

glow=.build/release/glow
run=$output/run
say() { printf '\n== %s\n' "$*"; }

if [ -d "$run/checkpoints" ] && [ -n "$(ls "$run/checkpoints")" ]; then
  say "Going on with $run (delete it to train anew)"
  "$glow" resume "$run"
else
  say "Training on Fashion-MNIST"
  "$glow" train --preset "$preset" --out "$run"
fi

# The newest checkpoint, which all that follows is made with.
model=$(find "$run/checkpoints" -maxdepth 1 -name 'images-*' | sort -V | tail -n 1)
say "With the model in $model"
# Pictures of an earlier demo.
rm -f "$output"/{reconstruction,temperatures,classes,interpolation,beside-shipped}.png

say "Bits per dimension on the test images (lower is better)"
"$glow" eval --model "$model" --baseline "${limit[@]}"

say "Through the latents and back"
"$glow" reconstruct --model "$model" --out "$output/reconstruction.png"

say "Pictures"
"$glow" sample --model "$model" --count 40 --columns 10 --temperature 0.5 --temperature 0.7 --temperature 1 \
  --out "$output/temperatures.png"
"$glow" sample --model "$model" --count 100 --columns 10 --temperature 0.7 --out "$output/classes.png"
"$glow" interpolate --model "$model" --indices 0,1,2,3,4,5 --out "$output/interpolation.png"
"$glow" sample --model "$model" --beside fashion-mnist --count 100 --columns 10 --out "$output/beside-shipped.png"
echo "The last shows this run's samples on the left and those of the shipped, longer-trained model on the right."
