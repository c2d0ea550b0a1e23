#!/usr/bin/env bash
# The demo on faces: draws 8,000, trains a model that is told their attributes, and draws what it learned.
# --toy: seconds instead of minutes. --output FOLDER: instead of runs/demo-faces. A finished run there is not trained again.
set -euo pipefail
cd "$(dirname "$0")/.."

. Scripts/demos.sh
demo_flags demo-faces.sh runs/demo-faces "$@"
count=8000 faces=.data/faces-demo flags=()
if [ "$toy" ]; then count=300 faces=.data/faces-toy flags=(--images 320 --steps 2 --hidden 16); fi
# Where the processor multiplies bfloat16, it is faster and costs no bits.
if grep -q avx512_bf16 /proc/cpuinfo 2>/dev/null; then flags+=(--precision bf16); fi

say "Drawing $count faces"
SIZE=32 COUNT=$count FOLDER=$faces Scripts/make-faces.sh

train_or_go_on "Training on them" --preset faces32 --data "$faces" "${flags[@]}"

say "Bits per dimension on the test faces, which show parts together that training has not (lower is better)"
"$glow" eval --model "$run" --baseline

say "Pictures"
rm -f "$output"/{samples,told,between,edits}.png
"$glow" sample --model "$run" --count 48 --columns 12 --temperature 0.7 --temperature 1 --out "$output/samples.png"
"$glow" sample --model "$run" --count 24 --columns 12 --with smiling=2,hat=2 --without eyeglasses,sunglasses --out "$output/told.png"
"$glow" interpolate --model "$run" --indices 0,1,2,3,4,5 --out "$output/between.png"
six_edits "$run" "$output/edits.png"
echo "told.png has smiling people in hats; edits.png one test face without each of six attributes, and with it."
