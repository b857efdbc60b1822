#!/bin/bash
# compare.sh SECONDS ROUNDS SPEED... measures the kernel's driver and ours in
# turns, on the same gadget.
# shellcheck source=/dev/null
. /share/lib.sh
# shellcheck source=/dev/null
. /share/measure.sh
# shellcheck source=/dev/null
. /share/drivers.sh

measure_to /share/samples "$1"
rounds=$2
shift 2
uname -r >/share/kernel
modprobe -a tun cdc_ether
try_out 1
for ((round = 0; round < rounds; round++)); do
	for speed in "$@"; do
		for driver in cdc_ether io-pkt; do
			attach "$driver" "$speed" 1
			for flows in 1 8; do
				tcp out "$flows"
				tcp in "$flows"
				tcp both "$flows"
			done
			udp out
			udp in
			rtt idle
			rtt loaded
			detach
		done
	done
done
