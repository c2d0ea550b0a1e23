#!/usr/bin/env bash
# The demo: trains a small Glow on Fashion-MNIST, scores it against a per-pixel histogram, and draws what it learned. Then it
# draws with the shipped model of faces, and edits one.
# --toy: seconds instead of minutes. --output FOLDER: instead of runs/demo. A finished run there is not trained again.
set -euo pipefail
cd "$(dirname "$0")/.."

. Scripts/demos.sh
demo_flags demo.sh runs/demo "$@"
preset=demo limit=()
if [ "$toy" ]; then preset=toy limit=(--limit 500); fi

train_or_go_on "Training on Fashion-MNIST" --preset "$preset"

# The newest checkpoint, which all that follows is made with.
model=$(find "$run/checkpoints" -maxdepth 1 -name 'images-*' | sort -V | tail -n 1)
say "With the model in $model"
# Pictures of an earlier demo.
rm -f "$output"/{reconstruction,temperatures,classes,interpolation,beside-shipped,faces,face-edits}.png

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

say "The shipped model of faces"
"$glow" sample --model faces --count 40 --columns 10 --temperature 0.7 --out "$output/faces.png"
find_faces
six_edits faces "$output/face-edits.png" --enlarge 1 ${few_faces:+--data "$few_faces"}
echo "The last shows a face that the model has not seen without each of six attributes, and with it."
