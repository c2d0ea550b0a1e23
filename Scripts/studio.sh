#!/usr/bin/env bash
# Serves the shipped faces and the demo's model to the browser, or the shipped clothes where there is no demo's; nothing is
# trained. Takes the flags of `glow serve`.
set -euo pipefail
cd "$(dirname "$0")/.."

. Scripts/demos.sh
find_faces
run=runs/demo/run
if [ -d "$run/checkpoints" ] && [ -n "$(ls "$run/checkpoints")" ]; then
  attributes=$run/attributes.safetensors
  if [ ! -e "$attributes" ]; then
    echo "Finding directions to edit along, once"
    "$glow" attributes fit --model "$run" --limit 10000 --held-out-limit 2000 --out "$attributes"
  fi
  clothes=$run
else
  echo "There is no model of your own yet (make demo trains one in minutes): these are the shipped ones."
  clothes=fashion-mnist
fi
exec "$glow" serve --model faces --model "$clothes" ${few_faces:+--data "faces=$few_faces"} "$@"
