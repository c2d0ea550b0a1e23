# shellcheck shell=bash
# Sourced by the demos: reads their flags, and sets `output`, `run`, `glow` and `toy` (empty, or --toy).
# What is set here is read by the scripts that include this.
# shellcheck disable=SC2034

glow=.build/release/glow
say() { printf '\n== %s\n' "$*"; }

# demo_flags NAME OUTPUT FLAGS...: OUTPUT is the folder without --output.
demo_flags() {
  local name=$1
  output=$2 toy=
  shift 2
  while [ $# -gt 0 ]; do
    case $1 in
      --toy) toy=--toy ;;
      --output) output=${2:?--output needs a folder}; shift ;;
      *) echo "$name: unknown option $1, expected --toy or --output FOLDER" >&2; exit 2 ;;
    esac
    shift
  done
  run=$output/run
}

# train_or_go_on TITLE FLAGS...: a finished run is not trained again.
train_or_go_on() {
  if [ -d "$run/checkpoints" ] && [ -n "$(ls "$run/checkpoints")" ]; then
    say "Going on with $run (delete it to train anew)"
    "$glow" resume "$run"
  else
    say "$1"
    "$glow" train --out "$run" "${@:2}"
  fi
}

# six_edits MODEL PICTURE FLAGS...: a face with each of six attributes taken away and given, a strip each.
six_edits() {
  "$glow" attributes apply --model "$1" --indices 0 --strips --strength=-2...2 --out "$2" \
    --attribute smiling --attribute eyeglasses --attribute beard --attribute hat --attribute dark-skin \
    --attribute eyes-closed "${@:3}"
}

# find_faces: sets `few_faces`, a set of test faces for the shipped model: empty where `make faces` has drawn them, else 1,000
# are drawn.
find_faces() {
  few_faces=
  if [ -d .data/faces-64 ]; then return; fi
  if [ ! -d .data/faces-few ]; then echo "Drawing 1,000 faces to choose from (make faces draws them all)"; fi
  SIZE=64 COUNT=1000 FOLDER=.data/faces-few Scripts/make-faces.sh
  few_faces=.data/faces-few
}
