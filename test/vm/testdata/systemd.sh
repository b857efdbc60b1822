#!/bin/bash
# systemd.sh installs the package where systemd and its udev run, in namespaces of
# their own in the guest, and plugs the gadget in: the unit starts. When the package
# is removed, it is stopped.
# shellcheck source=/dev/null
. /share/lib.sh

# inside runs a command where systemd is process 1.
inside() { nsenter -t "$(pgrep -o -x systemd)" -p -m "$@"; }
active() { inside systemctl is-active "$1"; }

modprobe -a tun cdc_ether
mount -t cgroup2 cgroup2 /sys/fs/cgroup
env -i container=io-pkt unshare --pid --fork --mount --mount-proc \
	/lib/systemd/systemd --unit=systemd-udevd.service >/run/systemd.log 2>&1 &
await active systemd-udevd.service
inside dpkg -i /share/io-pkt_*.deb
. /etc/profile.d/io-pkt.sh

port=$(gadget plug)
await active io-pkt.service
if_up -p -r 60 ecm0
ifconfig ecm0 10.9.0.1/24
await ping -c 1 -W 1 10.9.0.2
inside systemctl --no-pager status io-pkt.service
bound "$port" 1 usbfs || fail "the data interface is not ours"

inside dpkg -P io-pkt
! pgrep -af ^/opt/io-pkt/bin/ || fail "a process is left"
await bound "$port" 0 cdc_ether
for left in /dev/socket /dev/slog /opt/io-pkt /sys/class/net/ecm0; do [ ! -e $left ] || fail "$left is left"; done
echo 'systemd: ok'
