#!/bin/bash
# descriptors.sh shows each device of the simulator's collection to Linux, over
# USB/IP, and then to io-pkt on Linux's bus: real CDC-ECM devices become ecm0 and
# work, the others are refused, and the log says why.
# shellcheck source=/dev/null
. /share/lib.sh

# What cdc_ether does with a device, what we do, and what the log then has. The first
# has a driver of its own in Linux.
declare -A verdict=(
	[02-0bda-8153]='refuses attaches ecm0: address f8:ce:72:13:d7:d9, from the device'
	[04-1546-1343]='binds attaches ecm0: MTU 1500, at most 16370;'
	[06-1bc7-110b]='binds attaches the device has serial ports: /dev/ttyUSB0'
	[12-07b2-0900]='refuses attaches made up: the device.s is bad: "XXXXXXXXXXXX"'
	[15-0525-a4a2]='binds attaches ecm0: address ae:b1:e6:0f:56:38, from the device'
	[16-0525-a4a2]='binds attaches ecm0: address 40:01:02:03:04:05, from the device'
	[17-1e2d-0060]='refuses refuses has CDC-ECM descriptors, but class ff/ff/ff, and so do QMI modems; to try it: -d ecmplus classid=ff,subclassid=ff'
	[20-1209-2702]='binds attaches configuration 1, control interface 0, data interface 1 setting 1, in 81, out 01'
	[21-0770-1042]='refuses refuses no data interface with a bulk IN and a bulk OUT endpoint'
)

ether=/sys/bus/usb/drivers/cdc_ether

# devices prints the devices on the bus but for the hubs.
devices() { grep -Lx 09 /sys/bus/usb/devices/*/bDeviceClass; }

# alone succeeds when the device is gone.
alone() { ! pgrep -x io-usb && [ -z "$(devices)" ]; }

# configured succeeds when there is a device and its interfaces have their drivers.
configured() { [ -n "$(cat "$(dirname "$(devices)")/bConfigurationValue")" ]; }

binds() { await eval "ls -d $ether/*:*"; }

# refuses tries by hand, since Linux may not have come to it yet.
refuses() {
	local interface
	for interface in "$(dirname "$(devices)")"/*:*; do
		! basename "$interface" >$ether/bind || fail "cdc_ether binds to ${interface##*/}"
	done 2>/dev/null
	! ls -d $ether/*:* 2>/dev/null || fail "cdc_ether is bound"
}

# logged PATTERN waits for the line in the log.
logged() { await shows "$1" sloginfo; }

# works OPTIONS... moves data through ecm0.
works() {
	if_up -p -r 60 ecm0
	ifconfig ecm0 10.7.0.2/24
	await ping -n -c 1 -W 1 10.7.0.1
	ping -n -q -A -c 20 -s 1472 -w 60 10.7.0.1 >/dev/null
}

# judge DEVICE FILE shows one device to both.
judge() {
	local linux ours line
	read -r linux ours line <<<"${verdict[$1]}"
	io-usb -n /run/sim/io-usb -d sim "listen=127.0.0.1:3240,addr=10.7.0.1/24,desc=$2"
	await usbip attach -r 127.0.0.1 -b 1-1
	await configured
	"$linux"
	io-pkt-v4-hc -d ecm verbose
	if [ "$ours" = attaches ]; then
		works
	else
		logged 'Unable to init devnp-ecm.so: No such device'
		[ ! -e /sys/class/net/ecm0 ] || fail "$1 was not refused"
	fi
	logged "$line"
	echo "$1: Linux $linux, io-pkt $ours: $(sloginfo | grep -o "$line" | sed -n 1p)"
	stop_stack
	"$linux" # again, or still
}

modprobe -a tun vhci_hcd cdc_ether cdc_acm option
for file in /share/descriptors/*.hex; do
	device=$(basename "$file" | cut -c1-12)
	[ -v "verdict[$device]" ] || fail "what is to happen with $file?"
	judge "$device" "$file"
	if [ "$device" = 17-1e2d-0060 ]; then
		io-pkt-v4-hc -d ecmplus verbose,classid=ff,subclassid=ff
		works
		stop_stack
		echo "$device: works with -d ecmplus"
	fi
	pkill -TERM -x io-usb
	await alone
	unset "verdict[$device]"
done
[ ${#verdict[@]} = 0 ] || fail "there was no ${!verdict[*]}"
