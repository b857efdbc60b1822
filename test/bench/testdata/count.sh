#!/bin/bash
# count.sh SECONDS ROUNDS SPEED... measures the kernel's driver and ours in turns, on
# the same gadget: what is worth the time of a guest that counts instructions.
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
			for direction in out in both; do
				tcp "$direction" 1
			done
			rtt idle
			detach
		done
	done
done
