#!/usr/bin/env bash
# The report on what this implementation reaches: the work (study.py; it goes on where it was stopped), then the pages.
# Takes study.py's flags. Without any, the pages go to docs/measurements/report, else into the study's folder in runs.
set -euo pipefail
cd "$(dirname "$0")/.."

case ${1:-} in
  "") study=runs/study out=docs/measurements/report ;;
  --quick) study=runs/study-quick out=runs/study-quick/report ;;
  --toy) study=runs/study-toy out=runs/study-toy/report ;;
  *) echo "report.sh: unknown option $1, expected --quick, --toy or nothing" >&2; exit 2 ;;
esac
python3 Scripts/study.py "$@"
.build/release/study-report "$study/study.json" --out "$out"
