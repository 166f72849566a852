# shellcheck shell=bash
# What there is to know about each board's target, for the scripts that build, check and package.
#
# To be sourced. `target_of NAME` turns a short name into a target; `describe TARGET` sets the
# variables below for it. The budget of bytes is in .ci/size-budget.

# shellcheck disable=SC2034  # they are for whoever sources this
TARGETS=(
  aarch64-unknown-linux-musl
  armv7-unknown-linux-musleabihf
  arm-unknown-linux-musleabihf
  x86_64-unknown-linux-musl
)

# Prints the target that a short name, or a machine's by `uname -m`, stands for; fails if there is
# none.
target_of() {
  case $1 in
    arm64 | aarch64 | aarch64-unknown-linux-musl) echo aarch64-unknown-linux-musl ;;
    armv7 | armv7l | armv7-unknown-linux-musleabihf) echo armv7-unknown-linux-musleabihf ;;
    armv6 | armv6l | pizero | arm-unknown-linux-musleabihf) echo arm-unknown-linux-musleabihf ;;
    x86_64 | amd64 | x86_64-unknown-linux-musl) echo x86_64-unknown-linux-musl ;;
    *)
      echo "$1 is no target: take arm64, armv7, armv6 or x86_64" >&2
      return 1
      ;;
  esac
}

# Sets for TARGET:
#   MACHINE   how readelf calls the processor
#   ARCH      what `readelf -A` must say of it (32-bit Arm only, or empty)
#   BITS      32 or 64
#   QEMU      the emulator that runs one process of it
#   CPUS      the processors to try, of the boards it is for
#   BINUTILS  Debian's binutils for it, TOOL the beginning of their names
#   DEB       Debian's name of the architecture; DEB_NOTE, if that name alone would mislead
# shellcheck disable=SC2034
describe() {
  ARCH='' DEB_NOTE=''
  case $1 in
    aarch64-*)
      MACHINE=AArch64 BITS=64 QEMU=qemu-aarch64-static CPUS='cortex-a53 cortex-a72 cortex-a76'
      BINUTILS=binutils-aarch64-linux-gnu TOOL=aarch64-linux-gnu- DEB=arm64
      ;;
    armv7-*)
      MACHINE=ARM ARCH=v7 BITS=32 QEMU=qemu-arm-static CPUS='cortex-a7 cortex-a15'
      BINUTILS=binutils-arm-linux-gnueabihf TOOL=arm-linux-gnueabihf- DEB=armhf
      ;;
    arm-*)
      MACHINE=ARM ARCH=v6 BITS=32 QEMU=qemu-arm-static CPUS='arm1176 cortex-a7'
      BINUTILS=binutils-arm-linux-gnueabihf TOOL=arm-linux-gnueabihf- DEB=armhf
      # Raspberry Pi OS calls both armhf; Debian's own armhf is armv7 at least.
      DEB_NOTE=armv6
      ;;
    x86_64-*)
      MACHINE=X86-64 BITS=64 QEMU=qemu-x86_64-static CPUS=''
      BINUTILS=binutils-x86-64-linux-gnu TOOL=x86_64-linux-gnu- DEB=amd64
      ;;
  esac
}
