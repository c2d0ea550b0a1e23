#!/usr/bin/env bash
# Serves the demo's model, or without one the shipped model, to the browser; nothing is trained or fetched. Takes the flags
# of `glow serve`.
set -euo pipefail
cd "$(dirname "$0")/.."

glow=.build/release/glow
run=runs/demo/run
if [ -d "$run/checkpoints" ] && [ -n "$(ls "$run/checkpoints")" ]; then
  attributes=$run/attributes.safetensors
  if [ ! -e "$attributes" ]; then
    echo "Finding directions to edit along, once"
    "$glow" attributes fit --model "$run" --limit 10000 --held-out-limit 2000 --out "$attributes"
  fi
  model=$run
else
  echo "There is no model of your own yet (make demo trains one in minutes): this is the shipped one."
  model=fashion-mnist
fi
exec "$glow" serve --model "$model" "$@"
