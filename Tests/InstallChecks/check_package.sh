#!/usr/bin/env bash
# Builds Examples/Consumer with a version of this package as its dependency, against an installation: no headers of libtorch, no
# unsafe flags. Then runs its programs. The version is a tag in a repository that is made of the files here.
set -euo pipefail
cd "$(dirname "$0")/../.."

fail() {
  echo "check_package: $*" >&2
  exit 1
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
version=$(Packaging/version.sh)
PREFIX=$work/glow Packaging/install.sh
unset LIBTORCH_DIR
export SWIFT_GLOW_URL=file://$work/swift-glow

echo "A repository with the tag $version"
mkdir "$work/swift-glow"
git ls-files -z --cached --others --exclude-standard | while IFS= read -r -d '' file; do
  if [ -f "$file" ] && [ ! -L "$file" ]; then printf '%s\0' "$file"; fi
done | tar --null -T - -c | tar -x -C "$work/swift-glow"
(
  cd "$work/swift-glow"
  git init -q
  git add -A
  git -c user.name=check -c user.email=check@localhost commit -qm "As it is here"
  git tag "$version"
)
cp -R Examples/Consumer "$work/consumer"
rm -rf "$work/consumer/.build"
cd "$work/consumer"
# The tag is of this run alone: what SwiftPM remembers of it goes with it.
build() { swift build --security-path "$work/security"; }

echo "What is missing is said"
if [ ! -e /usr/local/lib/pkgconfig/glow-torch.pc ] && [ ! -e /usr/lib/pkgconfig/glow-torch.pc ]; then
  if PKG_CONFIG_PATH='' build >"$work/said" 2>&1; then fail "it builds without an installation"; fi
  grep -q 'or install glow and set PKG_CONFIG_PATH to its lib/pkgconfig' "$work/said" ||
    fail "without an installation it says: $(cat "$work/said")"
fi
export PKG_CONFIG_PATH=$work/glow/lib/pkgconfig
header=$work/glow/lib/glow/link/CTorch.h
echo >>"$header"
if build >"$work/said" 2>&1; then fail "it builds against an installation of another version"; fi
grep -q 'is of another version than this package' "$work/said" ||
  fail "with an installation of another version it says: $(cat "$work/said")"
sed -i '$d' "$header"

echo "A package that names version $version"
build
programs=$(swift build --show-bin-path)
needed=$(readelf -d "$programs/TrainFromCode" | sed -n 's/.*(NEEDED).*\[\(.*torch.*\)\]/\1/p')
[ "$needed" = "$work/glow/lib/glow/libglow-torch.so" ] || fail "a program needs of libtorch: $needed"

echo "Its programs"
cd "$OLDPWD"
unset LD_LIBRARY_PATH
"$programs/Consumer"
"$work/glow/bin/glow" sample --model fashion-mnist --label 0 --count 60 --files --out "$work/shirts"
shirts=("$work"/shirts/*.png)
"$programs/EditImage" Models/fashion-mnist Models/fashion-mnist/attributes.safetensors "${shirts[0]}" pullover 1 \
  "$work/edited.png"
"$programs/TrainFromCode" "$work/shirts" 400 "$work/trained"
"$programs/OwnFamily" 400 "$work/own"
for file in edited.png trained/{samples.png,sample.png,run/{metrics,layers,log}.jsonl,run/samples.png,model/config.json}; do
  [ -s "$work/$file" ] || fail "$file was not written"
done
"$work/glow/bin/glow" sample --model "$work/trained/run" --count 2 --out "$work/again.png"
echo "The package works"
