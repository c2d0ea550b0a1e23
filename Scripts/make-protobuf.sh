#!/usr/bin/env bash
# Generates the .pb.swift beside each .proto of Sources, with Debian's protoc and the plugin of swift-protobuf.
set -euo pipefail
shopt -s globstar
cd "$(dirname "$0")/.."
. Scripts/packages.sh

need_packages protobuf-compiler
# As `make build` does, so that nothing is built twice.
swift build -c release -Xswiftc -enable-testing --product protoc-gen-swift
for file in Sources/**/*.proto; do
  folder=$(dirname "$file")
  protoc --plugin=.build/release/protoc-gen-swift --proto_path="$folder" --swift_out="$folder" "$(basename "$file")"
done
