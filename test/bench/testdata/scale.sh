#!/bin/bash
# scale.sh SECONDS ROUNDS GADGETS... measures both drivers in turns, each with as
# many gadgets, which all work at once.
# shellcheck source=/dev/null
. /share/drivers.sh

begin "$1"
rounds=$2
shift 2
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
