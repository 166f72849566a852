#!/usr/bin/env bash
# Gets what the guest of an emulated board is made of: Debian's kernel and its modules, its
# device tree, and a static busybox. Nothing is installed on this machine; no root is needed.
#
# Usage: fetch-guest.sh arm64|armhf FOLDER
#
# Prints the folder they are unpacked in (FOLDER/arm64 or FOLDER/armhf); done once.
#
# Needs: apt-get, dpkg, depmod (kmod).
# Environment: EMULATE_PI_MIRROR  a Debian mirror  [the one this system's apt uses]
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=/dev/null
. "$here/debian.sh"

[ $# -eq 2 ] || { sed -n '2,/^set /s/^# \{0,1\}//p' "$0" >&2 && exit 2; }
arch=$1 folder=$2
case $arch in
  arm64) package=linux-image-arm64 ;;
  armhf) package=linux-image-armmp ;;
  *) echo "fetch-guest: $arch is neither arm64 nor armhf" >&2 && exit 2 ;;
esac

root=$folder/$arch
if [ ! -e "$root/.version" ]; then
  mkdir -p "$folder"
  fresh=$(mktemp -d "$folder/$arch.XXXXXX")
  trap 'rm -rf "$fresh"' EXIT
  mkdir "$fresh/debs" "$fresh/root"
  rig_apt_setup "$folder/apt-$arch" "$arch"
  image=$(apt-cache depends "$package:$arch" |
    sed -n 's/.*Depends: \(linux-image-[0-9][^: ]*\).*/\1/p' | head -n 1)
  [ -n "$image" ] || { echo "fetch-guest: the mirror has no $package for $arch" >&2 && exit 1; }
  echo "fetch-guest: $image, busybox-static for $arch" >&2
  (cd "$fresh/debs" && apt-get -qq download "$image:$arch" "busybox-static:$arch" >&2)
  for deb in "$fresh"/debs/*.deb; do dpkg -x "$deb" "$fresh/root"; done
  version=${image#linux-image-}
  depmod -b "$fresh/root" "$version"
  echo "$version" >"$fresh/root/.version"
  rm -rf "$root"
  mv "$fresh/root" "$root"
fi
echo "$root"
