#!/usr/bin/env bash
# Builds a QEMU whose Raspberry Pi has a real button: Debian's 7.2 with qemu-bcm2835-gpio.patch,
# which gives the GPIO block inputs, pull resistors, edges and interrupts. Only the two boards are
# built in. Takes 5 to 8 minutes of two cores, once; 800 MB while it builds.
#
# Usage: build-qemu.sh FOLDER
#
# Prints the program: FOLDER/qemu-HASH, named after the patch and this script, so that a change of
# either builds it anew.
#
# Needs: apt-get, and the packages below, which are installed if it runs as root (or with sudo).
# Environment: EMULATE_PI_MIRROR  a Debian mirror           [the one this system's apt uses]
#              EMULATE_PI_NO_APT=1  never install packages: fail and name them
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=/dev/null
. "$here/debian.sh"

[ $# -eq 1 ] || { sed -n '2,/^set /s/^# \{0,1\}//p' "$0" >&2 && exit 2; }
folder=$1
patch=$here/qemu-bcm2835-gpio.patch
hash=$(cat "$patch" "${BASH_SOURCE[0]}" | sha256sum | cut -c1-12)
program=$folder/qemu-$hash
work=$folder/qemu-build

note() { echo "build-qemu: $*" >&2; }
die() {
  note "$@"
  exit 1
}

if [ -x "$program" ]; then
  echo "$program"
  exit
fi

packages=(gcc libc6-dev pkg-config ninja-build meson flex bison patch bzip2 xz-utils python3-venv
  libglib2.0-dev libpixman-1-dev libslirp-dev libfdt-dev)
missing=()
for package in "${packages[@]}"; do
  [ "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null)" = installed ] ||
    missing+=("$package")
done
if [ ${#missing[@]} -gt 0 ]; then
  [ "${EMULATE_PI_NO_APT:-0}" != 1 ] || die "missing packages: apt-get install ${missing[*]}"
  sudo=
  [ "$(id -u)" = 0 ] || sudo=sudo
  note "installing ${missing[*]}"
  $sudo env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -qq --no-install-recommends "${missing[@]}" >&2
fi

rm -rf "$work"
mkdir -p "$work"
log=$work/build.log
rig_apt_setup "$folder/apt-source" "$(dpkg --print-architecture)"
note "getting the source"
(cd "$work" && apt-get -qq source --download-only qemu >>"$log" 2>&1) || die "no source: see $log"
tar xf "$work"/qemu_7.2+dfsg.orig.tar.xz -C "$work"
cd "$work/qemu-7.2.0"
patch -s -p1 <"$patch" >&2

# Only the boards and devices of the rig; they do not select all that they need.
for option in RASPI ARM_VIRT ARM_V7M SEMIHOSTING ARM_COMPATIBLE_SEMIHOSTING OR_IRQ SPLIT_IRQ UNIMP \
  PCI_DEVICES VIRTIO_PCI VIRTIO_NET USB_NETWORK; do
  echo "CONFIG_$option=y"
done >configs/devices/aarch64-softmmu/rig.mak
# Debian's tarball is without the firmware blobs; none is needed.
echo 'roms = []' >pc-bios/meson.build
note "configuring and building: minutes"
{
  ./configure --target-list=aarch64-softmmu --without-default-features --without-default-devices \
    --with-devices-aarch64=rig --enable-system --enable-tcg --enable-slirp --enable-fdt=system \
    --disable-docs --disable-werror --disable-install-blobs
  ninja -C build qemu-system-aarch64
} >>"$log" 2>&1 || die "the build failed: see $log"
strip -o "$program.new" build/qemu-system-aarch64
mv "$program.new" "$program"
cd "$folder"
rm -rf "$work"
echo "$program"
