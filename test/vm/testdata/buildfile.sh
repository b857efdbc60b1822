#!/bin/bash
# buildfile.sh BOARD... runs the buildfiles of cmd/buildfile on the gadget. What
# their consoles show is left in /share.
# shellcheck source=/dev/null
. /share/lib.sh

# processes prints how many there are beside the kernel's own.
processes() { pgrep -c -v -P 2,0 . || true; }

modprobe -a tun cdc_ether cdc_acm
cat /share/bin/* >/dev/null # read once, programs start as fast as on a target
for board in "$@"; do
	port=$(gadget plug)
	for i in 0 1; do await bound "$port" $i cdc_ether; done
	before=$(processes)
	# Lines for drivers that Linux has not fail, which is status 1; ours is 3.
	status=0
	buildfile run -w 200 -t "/share/$board.svg" -t "/share/$board.timeline" -c 'exit 3' \
		"/share/$board.build" </dev/null >"/share/$board.console" || status=$?
	cat "/share/$board.timeline"
	[ $status = 3 ] || fail "status $status"
	[ "$(processes)" -le "$before" ] || fail "processes are left: $(ps ax)"
	for path in /dev/socket /dev/slog /dev/io-usb /sys/class/net/ecm0; do
		[ ! -e $path ] || fail "$path is left"
	done
	for i in 0 1; do await bound "$port" $i cdc_ether; done
	gadget unplug
	echo "$board: ok"
done
