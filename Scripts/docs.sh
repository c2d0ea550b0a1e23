#!/usr/bin/env bash
# Builds the reference page of every library with a Documentation.docc, in .build/docs, from the modules that a build of
# the configuration CONFIGURATION (release) left behind. A warning of DocC fails.
#
# swift-docc-plugin does the same, but plans the package anew for each module and compiles some of it again: minutes
# where this takes seconds.
set -euo pipefail
cd "$(dirname "$0")/.."
build=.build/${1:-release}
triple=$(swiftc -print-target-info | sed -n 's/.*"unversionedTriple": "\(.*\)".*/\1/p')

maps=()
while read -r map; do maps+=(-Xcc "-fmodule-map-file=$map"); done < <(
  ls "$build"/*.build/module.modulemap .build/checkouts/*/Sources/*/include/module.modulemap
  find Sources -name module.modulemap)

rm -rf .build/docs .build/symbol-graphs
mkdir -p .build/docs
for catalog in Sources/*/Documentation.docc; do
  module=$(basename "$(dirname "$catalog")")
  graphs=.build/symbol-graphs/$module
  mkdir -p "$graphs"
  swift symbolgraph-extract -module-name "$module" -target "$triple" -minimum-access-level public \
    -emit-extension-block-symbols -I "$build/Modules" "${maps[@]}" -output-dir "$graphs"
  # Doc comments describe the parameters whose names do not say enough, so DocC need not miss the others.
  docc convert "$catalog" --additional-symbol-graph-dir "$graphs" --output-path ".build/docs/$module.doccarchive" \
    --fallback-display-name "$module" --fallback-bundle-identifier "$module" \
    --disable-parameters-and-returns-validation --warnings-as-errors | sed '/^$/d'
done
echo "$(find .build/docs -maxdepth 1 -name '*.doccarchive' | wc -l) libraries in .build/docs"
