#!/bin/bash
# eight.sh plugs eight gadgets in and drives all of them at once, one by its
# numbers alone, and pulls one while the others work.
# shellcheck source=/dev/null
. /share/lib.sh

# number_of INTERFACE prints which gadget that is: its address has the number.
number_of() { cut -d: -f5 <"/sys/class/net/$1/address" | cut -c2; }

# setup gives each interface the address that its gadget is to have beside it.
setup() {
	local name
	for name in ecm{0..7}; do ifconfig "$name" "10.9.$(number_of "$name").1/24"; done
	for number in {0..7}; do await ping -n -c 1 -W 1 "10.9.$number.2"; done
}

# ping_all pings all of them at the same time, and waits for all.
ping_all() {
	local number pids=() pid
	for number in "$@"; do
		ping -n -q -A -c 100 -s 1472 -w 60 "10.9.$number.2" >"/run/ping.$number" &
		pids+=($!)
	done
	for pid in "${pids[@]}"; do wait "$pid" || fail "$(cat /run/ping.*)"; done
}

# tcp_all moves TCP through all of them at the same time, and prints the rates.
tcp_all() {
	local number pids=() pid
	for number in "$@"; do
		iperf3 -c "10.9.$number.2" -p "520$number" -t 3 --bidir >"/run/iperf3.$number" &
		pids+=($!)
	done
	for pid in "${pids[@]}"; do wait "$pid" || fail "$(cat /run/iperf3.*)"; done
	grep -h receiver /run/iperf3.*
}

# only NUMBER loads the driver for this gadget alone, by its bus and device number.
only() {
	local device=/sys/bus/usb/devices/${ports[$1]}
	io-pkt-v4-hc -d ecm "verbose,busnum=$(cat "$device/busnum"),devnum=$(cat "$device/devnum")"
	if_up -p -r 60 ecm0
	[ "$(number_of ecm0)" = "$1" ] || fail "wanted gadget $1, got $(cat /sys/class/net/ecm0/address)"
	[ ! -e /sys/class/net/ecm1 ] || fail "another gadget was taken"
	bound "${ports[$1]}" 1 usbfs || fail "gadget $1 is not ours"
	for number in {0..7}; do
		[ "$number" = "$1" ] || bound "${ports[number]}" 1 cdc_ether || fail "gadget $number was taken along"
	done
	stop_stack
	await bound "${ports[$1]}" 1 cdc_ether
	echo "gadget $1 alone: ok"
}

modprobe -a tun cdc_ether cdc_acm
speeds=(high high high full super super high full)
for number in {0..7}; do
	ports[number]=$(gadget plug "${speeds[number]}" "$number")
	await bound "${ports[number]}" 1 cdc_ether
	ip netns exec gad iperf3 -s -D -p "520$number"
	listening gad ":520$number"
done

only 5
only 2

io-pkt-v4-hc -d ecm pnp,verbose -ptcpip
if_up -p -a -r 120 ecm{0..7}
setup
ping_all {0..7}
tcp_all {0..7}

# One goes and comes back as what it was, and the others do not notice.
for name in ecm{0..7}; do [ "$(number_of "$name")" != 3 ] || pulled=$name; done
for _ in 1 2 3; do
	ping_all 0 1 2 4 5 6 7 &
	gadget unplug 3
	await test ! -e "/sys/class/net/$pulled"
	gadget plug full 3 >/dev/null
	if_up -p -r 60 "$pulled"
	ifconfig "$pulled" 10.9.3.1/24
	await ping -n -c 1 -W 1 10.9.3.2
	wait $! || fail "the others noticed"
done
sloginfo | tail -n 40
stop_stack
for number in {0..7}; do await bound "${ports[number]}" 1 cdc_ether; done
echo "eight: ok"
