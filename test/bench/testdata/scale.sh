#!/bin/bash
# scale.sh SECONDS ROUNDS GADGETS... measures both drivers in turns, each with as
# many gadgets, which all work at once.
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
try_out 8
for ((round = 0; round < rounds; round++)); do
	for gadgets in "$@"; do
		for driver in cdc_ether io-pkt; do
			attach "$driver" high "$gadgets"
			tcp out 1
			tcp in 1
			detach
		done
	done
done
