# shellcheck shell=bash
# Packages of Debian 12 for any architecture, without touching this system's apt: its own lists and
# its own list of sources, below a folder. To be sourced; then: rig_apt_setup FOLDER ARCHITECTURE
#
# The kernels, and the QEMU that the patch fits, are bookworm's, whatever this machine runs.
#
# Environment: EMULATE_PI_MIRROR  a Debian mirror  [the one this system's apt uses]

# Where this system's packages come from; -security is beside it.
rig_mirror() {
  # shellcheck disable=SC2016  # apt's own variable
  apt-get indextargets --format '$(REPO_URI)' 2>/dev/null | sed -n 's,/debian/*$,/debian,p' |
    sort -u | sed -n 1p
}

rig_apt_setup() {
  local dir=$1 arch=$2 mirror=${EMULATE_PI_MIRROR:-$(rig_mirror)}
  if [ -z "$mirror" ]; then
    echo "emulate-pi: apt knows no Debian mirror: name one in EMULATE_PI_MIRROR" >&2
    return 1
  fi
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
