#!/usr/bin/env bash
# Makes sure of Swift, and fetches the packages that Package.swift names, once.
set -euo pipefail
cd "$(dirname "$0")/.."

fail() {
  echo "setup-swift: $*" >&2
  exit 1
}

command -v swift >/dev/null || fail "there is no swift: install Swift 6.2 or later (https://www.swift.org/install), and put it on PATH"
version=$(swift --version 2>/dev/null | sed -nE 's/.*Swift version ([0-9]+\.[0-9]+).*/\1/p' | head -n 1)
[ "$(printf '6.2\n%s\n' "$version" | sort -V | head -n 1)" = 6.2 ] ||
  fail "Swift 6.2 or later is needed, and this is ${version:-of an unknown version}: see https://www.swift.org/install"

if [ -f .build/workspace-state.json ] && [ -d .build/checkouts ]; then exit; fi
mkdir -p .build
echo "Fetching the packages of Package.swift."
swift package resolve >.build/resolve.log 2>&1 ||
  fail "SwiftPM could not fetch the packages of Package.swift: is there a network? See .build/resolve.log"
