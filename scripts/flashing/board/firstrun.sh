#!/bin/sh
# The first boot of a Raspberry Pi OS without cloud-init: settings of the system, then pigent.
#
# cmdline.txt has systemd run it once, in a small system without network, and reboot afterwards.
# It restores cmdline.txt last, so that a power cut is followed by the same again. It always ends
# with 0: a board that boots without pigent can be looked into, one that does not boot cannot.
#
# Environment: PIGENT_ROOT, put before every path (tests)
set -u

root=${PIGENT_ROOT:-}
boot=$(cd "$(dirname "$0")" && pwd)
here=$boot/pigent
HOST_NAME='' TIME_ZONE='' SSH_KEY='' WIFI_SSID='' WIFI_SSID_HEX='' WIFI_SSID_BYTES=''
WIFI_PSK='' WIFI_HIDDEN='' WIFI_COUNTRY=''

main() {
  if [ -f "$here/firstrun-settings" ]; then
    # shellcheck source=/dev/null
    . "$here/firstrun-settings"
    [ -z "$HOST_NAME" ] || host_name || failed "the host name"
    [ -z "$TIME_ZONE" ] || time_zone || failed "the time zone"
    [ -z "$SSH_KEY" ] || ssh_key || failed "the SSH key"
    [ -z "$WIFI_COUNTRY" ] || wifi_country || failed "the Wi-Fi country"
    [ -z "$WIFI_SSID" ] || wifi || failed "the Wi-Fi"
  fi
  forget_first_user
  timeout 300 "$here/first-boot" --no-start || failed "installing pigent"
  # What the image came with, by Raspberry Pi Imager for one. It removes itself, and this too.
  if [ -f "$here/firstrun-image.sh" ]; then
    timeout 300 "$here/firstrun-image.sh" || failed "the image's own firstrun.sh"
  fi
  sync
  restore_cmdline || failed "restoring cmdline.txt"
  # After a power cut here, take-over does it.
  for file in "$here/firstrun-settings" "$here/firstrun-image.sh"; do wipe "$file"; done
  rm -f "$boot/firstrun.sh"
  sync
}

# Its clusters too: the key of the Wi-Fi stays on a FAT partition after a removed file.
wipe() {
  if [ -s "$1" ]; then
    dd if=/dev/zero of="$1" bs="$(wc -c <"$1")" count=1 conv=notrunc,fsync 2>/dev/null
  fi
  rm -f "$1"
}

# For a card that was set up before: what reads it is off by then, and must not find it some day.
forget_first_user() {
  systemctl is-enabled --quiet userconfig.service 2>/dev/null ||
    ! grep -qx '[a-z][a-z0-9-]*:\*' "$boot/userconf.txt" 2>/dev/null || rm -f "$boot/userconf.txt"
}

failed() { echo "firstrun: failed: $1"; }

host_name() {
  printf '%s\n' "$HOST_NAME" >"$root/etc/hostname" &&
    sed -i '/^127\.0\.1\.1[ \t]/d' "$root/etc/hosts" &&
    printf '127.0.1.1\t%s\n' "$HOST_NAME" >>"$root/etc/hosts"
}

time_zone() {
  [ -f "$root/usr/share/zoneinfo/$TIME_ZONE" ] &&
    ln -sf "/usr/share/zoneinfo/$TIME_ZONE" "$root/etc/localtime" &&
    printf '%s\n' "$TIME_ZONE" >"$root/etc/timezone"
}

# For the first user; userconf.txt gives him his name at the next boot, and moves his home.
ssh_key() {
  user=$(getent passwd 1000) || return 1
  home=$root$(printf '%s\n' "$user" | cut -d : -f 6)
  keys=$home/.ssh/authorized_keys
  mkdir -p "$home/.ssh" && touch "$keys" || return 1
  grep -qxF "$SSH_KEY" "$keys" || printf '%s\n' "$SSH_KEY" >>"$keys"
  chmod 700 "$home/.ssh" && chmod 600 "$keys" && chown -R 1000:1000 "$home/.ssh" &&
    systemctl enable ssh
}

# Without a country the radio stays off.
wifi_country() {
  if command -v raspi-config >/dev/null; then
    raspi-config nonint do_wifi_country "$WIFI_COUNTRY"
  fi
  for radio in "$root"/var/lib/systemd/rfkill/*:wlan; do
    [ ! -e "$radio" ] || echo 0 >"$radio"
  done
}

wifi() {
  if [ -d "$root/etc/NetworkManager" ]; then wifi_network_manager; else wifi_supplicant; fi
}

# Written through a umask: NetworkManager ignores what others may read.
wifi_network_manager() (
  umask 077
  folder=$root/etc/NetworkManager/system-connections
  mkdir -p "$folder" && {
    printf '[connection]\nid=pigent-wifi\ntype=wifi\n\n'
    printf '[wifi]\nmode=infrastructure\nssid=%s\n' "$WIFI_SSID_BYTES"
    [ -z "$WIFI_HIDDEN" ] || printf 'hidden=true\n'
    [ -z "$WIFI_PSK" ] || printf '\n[wifi-security]\nkey-mgmt=wpa-psk\npsk=%s\n' "$WIFI_PSK"
    printf '\n[ipv4]\nmethod=auto\n\n[ipv6]\nmethod=auto\n'
  } >"$folder/pigent-wifi.nmconnection"
)

wifi_supplicant() (
  umask 077
  mkdir -p "$root/etc/wpa_supplicant" && {
    [ -z "$WIFI_COUNTRY" ] || printf 'country=%s\n' "$WIFI_COUNTRY"
    printf 'ctrl_interface=DIR=/var/run/wpa_supplicant GROUP=netdev\nupdate_config=1\n'
    printf 'network={\n\tssid=%s\n' "$WIFI_SSID_HEX"
    [ -z "$WIFI_HIDDEN" ] || printf '\tscan_ssid=1\n'
    if [ -n "$WIFI_PSK" ]; then printf '\tpsk=%s\n' "$WIFI_PSK"; else printf '\tkey_mgmt=NONE\n'; fi
    printf '}\n'
  } >"$root/etc/wpa_supplicant/wpa_supplicant.conf"
)

# Over the old line, padded to its length: no moment of a power cut leaves a board without one.
restore_cmdline() {
  size=$(wc -c <"$boot/cmdline.txt")
  awk -v size="$size" 'NR == 1 {
    for (i = 1; i <= NF; i++)
      if ($i !~ /^systemd\.(run|run_success_action|unit)=/) line = line (line == "" ? "" : " ") $i
    printf "%-" (size - 1) "s\n", line
  }' "$boot/cmdline.txt" | dd of="$boot/cmdline.txt" conv=notrunc,fsync 2>/dev/null
}

main
exit 0
