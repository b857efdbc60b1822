#!/bin/bash
# deb.sh installs the package, plugs the gadget in, and looks that ecm0 comes up
# without anybody typing a command; then it purges the package and looks for what
# is left.
# shellcheck source=/dev/null
. /share/lib.sh

# places lists what the package and its processes could leave behind.
places() { find /etc /opt /dev /usr/lib/systemd/system /usr/lib/udev/rules.d ! -path '/dev/pts/*' | sort; }

# running shows the package's processes.
running() { pgrep -af ^/opt/io-pkt/bin/; }

# answers succeeds when ecm0 is there and its device's network answers.
answers() {
	await ifconfig ecm0
	if_up -p ecm0
	ifconfig ecm0 10.9.0.1/24
	shows 'address: 02:00:00:00:00:01' ifconfig ecm0 || fail "udev has changed the address: $(ip link show ecm0)"
	await ping -c 1 -W 1 10.9.0.2
}

modprobe -a tun cdc_ether cdc_acm
/lib/systemd/systemd-udevd --daemon
gadget plug >/dev/null # makes the far side, and device nodes
gadget unplug
udevadm settle
places >/run/before

dpkg -i /share/io-pkt_*.deb
. /etc/profile.d/io-pkt.sh
command -v if_up io-pkt-v4-hc waitfor | grep -c ^/opt/io-pkt/bin/ | grep -qx 3
shows _io_usb bash -c '. /usr/share/bash-completion/completions/io-usb && complete -p io-usb'
shows '^\.Nm io-pkt' zcat /opt/io-pkt/share/man/man8/io-pkt-v4-hc.8.gz
! running || fail "it has started by itself"

port=$(gadget plug)
answers
bound "$port" 1 usbfs || fail "the data interface is not ours"
sloginfo
pidin ar | grep 'io-pkt-v4-hc -d ecm pnp -ptcpip'
gadget unplug
await eval '[ ! -e /sys/class/net/ecm0 ]'
gadget plug >/dev/null
answers
[ "$(running | wc -l)" = 1 ] || fail "io-pkt runs more than once"
io-usb-otg -d hcd-ehci
waitfor /dev/usb/devu-hcd-ehci.so 1

dpkg -L io-pkt >/run/files
dpkg -P io-pkt
! running || fail "a process is left"
[ ! -e /sys/class/net/ecm0 ] || fail "ecm0 is left"
await bound "$port" 0 cdc_ether
gadget unplug
udevadm settle
places | diff /run/before - || fail "this is left, or has gone"
while read -r file; do [ -d "$file" ] || [ ! -e "$file" ] || fail "$file is left"; done </run/files

port=$(gadget plug)
await bound "$port" 0 cdc_ether
udevadm settle
! running || fail "it starts when it is not installed"
echo 'package: ok'
