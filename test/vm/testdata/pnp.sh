#!/bin/bash
# pnp.sh pulls the gadget and plugs it in again while io-pkt runs.
# shellcheck source=/dev/null
. /share/lib.sh

# busy succeeds once frames are on their way.
busy() { [ "$(cat /sys/class/net/ecm0/statistics/rx_packets)" -gt 100 ]; }

modprobe -a tun cdc_ether cdc_acm
gadget plug >/dev/null # makes the far side
gadget unplug

io-pkt-v4-hc -d ecm pnp,verbose -ptcpip
for round in 1 2 3; do
	port=$(gadget plug)
	if_up -p -r 60 ecm0
	ifconfig ecm0 10.9.0.1/24
	await ping -c 1 -W 1 10.9.0.2
	ping -q -f -w 120 10.9.0.2 >/dev/null 2>&1 &
	await busy
	gadget unplug # with frames on their way
	await test ! -e /sys/class/net/ecm0
	kill $! || true
	echo "round $round: ok"
done
[ ! -e "/sys/bus/usb/devices/$port" ] || fail "the gadget is still there"

# Pulled and back before anybody looked.
gadget plug >/dev/null
if_up -p -r 60 ecm0
for _ in 1 2 3; do
	gadget unplug
	gadget plug >/dev/null
done
await ip link show ecm0
ifconfig ecm0 10.9.0.1/24
await ping -c 1 -W 1 10.9.0.2
sloginfo
stop_stack
await bound "$port" 0 cdc_ether
