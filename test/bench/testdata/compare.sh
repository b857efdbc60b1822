#!/bin/bash
# compare.sh SECONDS ROUNDS SPEED... measures the kernel's driver and ours in
# turns, on the same gadget.
# shellcheck source=/dev/null
. /share/drivers.sh

begin "$1"
rounds=$2
shift 2
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
