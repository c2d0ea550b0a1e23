#!/usr/bin/env bash
# Makes sure of what the build needs from the system. On Debian and its kin missing packages are installed through
# apt-get (as root, or with a sudo that asks no password), rsvg-convert with them, which makes the PNGs of `glow plot`;
# elsewhere it says what is missing.
set -euo pipefail
cd "$(dirname "$0")/.."
. Scripts/packages.sh

has_venv() { python3 -c 'import venv, ensurepip' 2>/dev/null; }

if command -v apt-get >/dev/null; then
  packages=(g++ make git libpng-dev libjpeg-dev libwebp-dev libjxl-dev zlib1g-dev libzip-dev
    libarchive-dev liblmdb-dev libmd-dev librsvg2-bin dataset-fashion-mnist)
  has_venv || packages+=(python3-venv)
  need_packages "${packages[@]}"
else
  missing=()
  for tool in c++ make git python3; do command -v "$tool" >/dev/null || missing+=("$tool"); done
  if command -v python3 >/dev/null && ! has_venv; then missing+=("Python's venv module"); fi
  for header in png.h jpeglib.h webp/decode.h jxl/decode.h zlib.h zip.h archive.h lmdb.h md5.h; do
    # jpeglib.h needs stdio.h before it.
    printf '#include <stdio.h>\n#include <%s>\n' "$header" | c++ -fsyntax-only -x c++ - 2>/dev/null ||
      missing+=("$header (libpng, libjpeg, libwebp, libjxl, zlib, libzip, libarchive, lmdb or libmd, with headers)")
  done
  if [ ${#missing[@]} -gt 0 ]; then
    echo "setup-system: please install what is missing:$(printf ' %s;' "${missing[@]}")" >&2
    exit 1
  fi
fi

command -v swift >/dev/null || {
  echo "setup-system: swift is not on PATH: install a Swift 6.2 (or later) toolchain and add its usr/bin to PATH" >&2
  exit 1
}
