#!/usr/bin/env bash
# Prints the version of the program.
set -euo pipefail
cd "$(dirname "$0")/.."
sed -n 's/.*static let current = "\(.*\)"/\1/p' Sources/Files/ProgramVersion.swift
