#!/bin/bash
# host.sh SPEED... runs usb/host's tests against the gadget at each speed, and
# once more in a network namespace of its own, where io-pkt often runs.
# shellcheck source=/dev/null
. /share/lib.sh

modprobe -a cdc_ether cdc_acm
for speed in "$@"; do
	IO_PKT_TEST_GADGET=$speed host.test -test.v -test.timeout 5m
	echo "at $speed speed: ok"
done

ip netns add own
IO_PKT_TEST_GADGET=high ip netns exec own host.test -test.v -test.timeout 5m -test.run 'TestConformance/Watch'
