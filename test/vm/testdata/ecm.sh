#!/bin/bash
# ecm.sh SPEED... brings the gadget up at each speed with the words that QNX's
# users type, and moves data through it.
# shellcheck source=/dev/null
. /share/lib.sh

# transfers moves TCP out, in, and both ways at once, and prints the rates.
transfers() {
	local option
	for option in '' -R --bidir; do
		# shellcheck disable=SC2086 # no word for nothing
		iperf3 -c 10.9.0.2 -t 3 $option >/run/iperf3.log || fail "$(cat /run/iperf3.log)"
		grep -E 'sender|receiver' /run/iperf3.log
	done
}

# with_cdc_ether PORT lets Linux's driver work again.
with_cdc_ether() {
	local name
	name=$(basename "/sys/bus/usb/devices/$1:1.0/net/"*)
	ip addr add 10.9.0.1/24 dev "$name"
	ip link set "$name" up
	await ping -n -c 1 -W 1 10.9.0.2
	ip addr flush dev "$name"
}

workflow() {
	local port i
	port=$(gadget plug "$1")
	for i in 0 1 2 3; do await bound "$port" $i "$([ $i -lt 2 ] && echo cdc_ether || echo cdc_acm)"; done

	io-pkt-v4-hc -d ecm verbose -ptcpip &
	if_up -p -r 60 ecm0
	ifconfig ecm0 10.9.0.1/24
	await shows 'status: active' ifconfig ecm0
	ifconfig ecm0
	bound "$port" 1 usbfs || fail "the data interface is not ours"
	bound "$port" 2 cdc_acm || fail "the serial port was taken along"
	echo AT >/dev/serecm0 && await shows 'ecm0: AT command refused: .*; the device has serial ports: /dev/ttyACM[0-9]$' sloginfo
	pings 10.9.0.2
	ip netns exec gad ping -q -c 3 -W 10 10.9.0.1 >/dev/null
	transfers
	ifconfig -v ecm0
	sloginfo

	ifconfig ecm0 down
	ifconfig ecm0 destroy
	[ ! -e /sys/class/net/ecm0 ] || fail "ecm0 is still there"
	for i in 0 1; do await bound "$port" $i cdc_ether; done
	with_cdc_ether "$port"
	stop_stack
	gadget unplug
	echo "at $1 speed: ok"
}

modprobe -a tun cdc_ether cdc_acm
gadget plug >/dev/null # makes the far side
gadget unplug
ip netns exec gad iperf3 -s -D
listening gad :5201
for speed in "$@"; do workflow "$speed"; done
