#!/bin/bash
# turns.sh SECONDS ROUNDS GADGETS SPEEDS TEST... measures the kernel's driver and ours in
# turns, on the same devices, as many of them at once as each word of GADGETS says, and
# at each of SPEEDS, which are those of gadgets or such as 5ms (see plug). A TEST is one
# of measure.sh's with its words: "tcp out 1".
# shellcheck source=/dev/null
. /share/drivers.sh

begin "$1"
rounds=$2 numbers=$3 speeds=$4
shift 4
[[ $speeds == *ms* ]] || try_out "$(tr ' ' '\n' <<<"$numbers" | sort -n | tail -n 1)"
for ((round = 0; round < rounds; round++)); do
	for number in $numbers; do
		for speed in $speeds; do
			for driver in cdc_ether io-pkt; do
				attach "$driver" "$speed" "$number"
				for test in "$@"; do
					$test
				done
				detach
			done
		done
	done
done
