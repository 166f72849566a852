#!/bin/busybox sh
# The first process of an emulated board: mounts, modules, network, and a shell for the host.
#
# The console is the mini UART; the PL011 (ttyAMA0) carries the control shell, whose commands come
# from rig.py. What the host waits for are the lines that begin with "RIG:".
# shellcheck shell=sh

/bin/busybox mkdir -p /proc /sys /dev /tmp /run /sbin /usr/bin /usr/sbin /etc /root /var
/bin/busybox --install -s
export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root TERM=dumb
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev 2>/dev/null
mount -t tmpfs tmp /tmp
mount -t tracefs trace /sys/kernel/tracing
while read -r module; do
  insmod "/lib/modules/$module" || echo "RIG: insmod $module failed"
done </lib/modules/order

# The first who wants random numbers waits a second while the kernel gathers them. On a real
# system that was somebody else, long before pigent.
dd if=/dev/random of=/dev/null bs=1 count=1 2>/dev/null

ip link set lo up
i=0 card=
while [ $i -lt 200 ] && [ -z "$card" ]; do
  for name in eth0 usb0; do
    [ ! -e "/sys/class/net/$name" ] || card=$name
  done
  i=$((i + 1))
  [ -n "$card" ] || usleep 50000
done
if ip addr add 10.0.2.15/24 dev "$card" && ip link set "$card" up &&
  ip route add default via 10.0.2.2; then
  echo "RIG: net $card"
else
  echo "RIG: no net"
fi

# A pipe, not the tty: that one would prompt and echo. dd, not cat: busybox's cat uses sendfile,
# which holds the last bytes back here.
exec 3<>/dev/ttyAMA0
stty -F /dev/ttyAMA0 115200 raw -echo
printf '\nRIG: ready\n' >&3
while :; do dd bs=4k <&3 2>/dev/null | sh >&3 2>&1; done
