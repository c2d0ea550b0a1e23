# shellcheck shell=bash
# Sourced by the demos: reads their flags, and sets `output`, `run`, `glow` and `toy` (empty, or --toy).

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
