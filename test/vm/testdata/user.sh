#!/bin/bash
# user.sh plugs the gadget in when io-pkt is not root any more.
# shellcheck source=/dev/null
. /share/lib.sh

modprobe -a tun cdc_ether
gadget plug >/dev/null # makes the far side
gadget unplug

io-pkt-v4-hc -U 33:33 -d ecm pnp,verbose
pid=$(pidof io-pkt-v4-hc)

# nices prints the nice values that io-pkt's threads have.
nices() {
	ps -L -o ni= -p "$(pidof io-pkt-v4-hc)" | sort -u | tr -d ' '
}

# weighs NICE succeeds when all threads of io-pkt have that nice value, and its session.
weighs() {
	[ "$(nices)" = "$1" ] && grep "nice $1\$" "/proc/$(pidof io-pkt-v4-hc)/autogroup"
}

weighs -11 || fail "-U: priority 21 is not there"
for round in 1 2; do
	port=$(gadget plug)
	if_up -p -r 60 ecm0
	[ "$(ps -o uid= "$pid" | tr -d ' ')" = 33 ] || fail "io-pkt is root"
	[ -e /sys/class/net/ecm0/queues/tx-1 ] || fail "TCP has no queue of its own"
	find /dev/bus/usb -type c -writable ! -user root | grep . && fail "a device node is not root's"
	ifconfig ecm0 10.9.0.1/24
	await ping -c 1 -W 1 10.9.0.2
	gadget unplug
	await test ! -e /sys/class/net/ecm0
	echo "round $round: ok"
done
gadget plug >/dev/null
if_up -p -r 60 ecm0
stop_stack
await bound "$port" 0 cdc_ether
[ ! -e /dev/socket ] || fail "/dev/socket is left"

# Other priorities; what somebody else has set counts, but for -P.
for c in '-P 15:-5' '-P 300:-11' 'nice:3' 'nice -P 12:-2'; do
	options=${c%:*}
	# shellcheck disable=SC2086 # words
	case $options in
	nice*) nice -n 3 io-pkt-v4-hc ${options#nice} ;;
	*) io-pkt-v4-hc $options ;;
	esac
	want=${c#*:}
	case $options in
	nice) [ "$(nices)" = 3 ] || fail "$c: nice(1) does not count" ;;
	*) weighs "$want" || fail "$c: another priority" ;;
	esac
	stop_stack
	echo "$c: ok"
done
