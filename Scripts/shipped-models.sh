#!/usr/bin/env bash
# Makes the models in Models anew, with their directions; the faces in half precision, since they are large. A run in runs that was
# stopped goes on; a finished one is kept.
#   ONLY   faces, fashion-mnist or photos (default all)
set -euo pipefail
cd "$(dirname "$0")/.."

glow=.build/release/glow

# shipped NAME PRECISION: trains the preset of that name, and exports what it trained.
shipped() {
  local run=runs/$1
  if [ -d "$run/checkpoints" ]; then
    "$glow" resume "$run"
  else
    "$glow" train --preset "$1" --out "$run"
  fi
  "$glow" export --model "$run" --dtype "$2" --out "Models/$1"
}

# directions NAME FLAGS...: finds the directions of a shipped model.
directions() {
  "$glow" attributes fit --model "Models/$1" --dtype float16 "${@:2}" --out "Models/$1/attributes.safetensors"
}

case ${ONLY:-} in
  "" | faces | fashion-mnist | photos) ;;
  *) echo "shipped-models.sh: ONLY is $ONLY, expected faces, fashion-mnist or photos" >&2; exit 2 ;;
esac

if [ "${ONLY:-faces}" = faces ]; then
  Scripts/make-faces.sh
  shipped faces float16
  directions faces --direction mean --direction regression
fi
if [ "${ONLY:-fashion-mnist}" = fashion-mnist ]; then
  # float16 would cost 0.009 bits/dim.
  shipped fashion-mnist float32
  directions fashion-mnist --label shirt --limit 20000
fi
if [ "${ONLY:-photos}" = photos ]; then
  COUNT=all Scripts/make-photo-patches.sh
  shipped photos float16
fi
