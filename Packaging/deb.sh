#!/usr/bin/env bash
# Makes .build/dist/glow_VERSION_ARCHITECTURE.deb of the same installation, for the Debian that this machine runs: its libraries
# are dependencies.
set -euo pipefail
cd "$(dirname "$0")/.."
version=$(Packaging/version.sh)
architecture=$(dpkg --print-architecture)
out=$PWD/.build/dist
root=$out/deb/debian/glow
rm -rf "$out/deb"
mkdir -p "$root/DEBIAN"
PREFIX=/usr DESTDIR=$root Packaging/install.sh
gzip -9n "$root"/usr/share/man/man1/*.1
cp LICENSE "$root/usr/share/doc/glow/copyright"
gzip -9nc CHANGELOG.md >"$root/usr/share/doc/glow/changelog.gz"
rm "$root/usr/share/doc/glow/CHANGELOG.md" "$root/usr/share/doc/glow/LICENSE"
mkdir -p "$root/usr/share/zsh/vendor-completions"
mv "$root/usr/share/zsh/site-functions/_glow" "$root/usr/share/zsh/vendor-completions/"
rmdir "$root/usr/share/zsh/site-functions"

printf 'Source: glow\nMaintainer: swift-glow\n\nPackage: glow\nArchitecture: any\n' >"$out/deb/debian/control"
depends=$(cd "$out/deb" && dpkg-shlibdeps -O --ignore-missing-info -l"$root/usr/lib/glow" \
  debian/glow/usr/bin/glow debian/glow/usr/lib/glow/*.so* 2>"$out/deb/shlibdeps.log" | sed -n 's/^shlibs:Depends=//p')
[ -n "$depends" ] || { echo "deb: dpkg-shlibdeps found no dependencies: see $out/deb/shlibdeps.log" >&2; exit 1; }
cat >"$root/DEBIAN/control" <<CONTROL
Package: glow
Version: $version
Architecture: $architecture
Maintainer: The swift-glow authors <swift-glow@localhost>
Installed-Size: $(du -sk "$root/usr" | cut -f1)
Depends: $depends
Recommends: librsvg2-bin
Section: science
Priority: optional
Description: flow-based generative model of images
 Glow (Kingma & Dhariwal, 2018): exact likelihoods, samples, edits of attributes
 in the browser, and archives of pictures without loss. It brings libtorch along.
CONTROL
package=$out/glow_${version}_$architecture.deb
dpkg-deb --root-owner-group -Zxz -z3 --build "$root" "$package" >/dev/null
echo "${package#"$PWD/"}: $(($(stat -c %s "$package") / 1000000)) MB; it depends on $depends"
