#!/usr/bin/env bash
# The report on what this implementation reaches: the work (study.py; it goes on where it was stopped), then the pages: that of
# the faces, and that of the other sets.
#   --quick, --toy  less work; the pages go into the study's folder in runs, else to docs/measurements
#   --faces         the faces' page alone
set -euo pipefail
cd "$(dirname "$0")/.."

size='' parts=("-faces" "")
for option; do
  case $option in
    --quick | --toy) size=-${option#--} ;;
    --faces) parts=("-faces") ;;
    *) echo "report.sh: unknown option $option, expected --quick, --toy or --faces" >&2; exit 2 ;;
  esac
done
for part in "${parts[@]}"; do
  python3 Scripts/study.py ${size:+"-$size"} ${part:+"-$part"}
  if [ "$size" ]; then out=runs/study$part$size/report; else out=docs/measurements/$([ "$part" ] && echo faces || echo report); fi
  .build/release/study-report "runs/study$part$size/study.json" --out "$out"
done
