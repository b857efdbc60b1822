#!/bin/bash
# rate.sh [IO-PKT OPTIONS] measures TCP through the kernel's own driver and
# through ours, on the same gadget, and prints DRIVER DIRECTION BITS-PER-SECOND.
# shellcheck source=/dev/null
. /share/lib.sh

# measure DRIVER prints the lines of one driver: the best of three runs each.
measure() {
	local direction option
	await ping -c 1 -W 1 10.9.0.2
	for direction in out in; do
		option=$([ $direction = out ] || echo -R)
		for _ in 1 2 3; do
			# shellcheck disable=SC2086 # no word for nothing
			iperf3 -c 10.9.0.2 -t 5 -J $option | awk '/"sum_received"/ { found = 1 } found && /bits_per_second/ { print int($2); exit }'
		done | sort -n | tail -n 1 | sed "s/^/$1 $direction /"
	done
}

modprobe -a tun cdc_ether
port=$(gadget plug "$1")
ip netns exec gad iperf3 -s -D
await ls "/sys/bus/usb/devices/$port:1.0/net"
kernel=$(basename "/sys/bus/usb/devices/$port:1.0/net/"*)
ip addr add 10.9.0.1/24 dev "$kernel"
ip link set "$kernel" up
measure cdc_ether
ip addr flush dev "$kernel"

io-pkt-v4-hc -d ecm
if_up -p -r 60 ecm0
ifconfig ecm0 10.9.0.1/24
measure io-pkt
