# shellcheck shell=bash
# Packages of Debian 12 for any architecture, without touching this system's apt: its own lists and
# its own list of sources, below a folder. To be sourced; then: rig_apt_setup FOLDER ARCHITECTURE
#
# The kernels, and the QEMU that the patch fits, are bookworm's, whatever this machine runs.
#
# Environment: EMULATE_PI_MIRROR  a Debian mirror  [http://deb.debian.org/debian]

rig_apt_setup() {
  local dir=$1 arch=$2 mirror=${EMULATE_PI_MIRROR:-http://deb.debian.org/debian}
  local keyring=/usr/share/keyrings/debian-archive-keyring.gpg
  if [ ! -e "$keyring" ]; then
    echo "emulate-pi: $keyring is missing: apt-get install debian-archive-keyring" >&2
    return 1
  fi
  mkdir -p "$dir/lists/partial" "$dir/archives/partial"
  {
    for suite in "$mirror bookworm" "$mirror bookworm-updates" \
      "$mirror-security bookworm-security"; do
      echo "deb [signed-by=$keyring] $suite main"
      echo "deb-src [signed-by=$keyring] $suite main"
    done
  } >"$dir/sources.list"
  cat >"$dir/apt.conf" <<CONF
APT::Architectures { "$(dpkg --print-architecture)"; "$arch"; };
APT::Sandbox::User "";
Acquire::Languages "none";
Debug::NoLocking "true";
Dir::State::lists "$dir/lists";
Dir::Cache::archives "$dir/archives";
Dir::Cache::pkgcache "";
Dir::Cache::srcpkgcache "";
Dir::Etc::sourcelist "$dir/sources.list";
Dir::Etc::sourceparts "/dev/null";
CONF
  export APT_CONFIG=$dir/apt.conf
  # A mirror in the middle of an update is no reason to stop: a missing package will be.
  apt-get -qq update || echo "emulate-pi: going on with the package lists there are" >&2
}
