#!/bin/bash
# lan.sh does what one does with an Ethernet interface: IPv6, captures, a bridge.
# shellcheck source=/dev/null
. /share/lib.sh

far() { ip netns exec gad "$@"; }

# local_of INTERFACE [IP OPTIONS] prints its link-local address, once it may be used.
local_of() {
	local show=(ip "${@:2}" -6 -o addr show dev "$1" scope link -tentative)
	await shows inet6 "${show[@]}"
	"${show[@]}" | sed 's/.*inet6 \([^/]*\).*/\1/'
}

# ipv6 talks to the link-local address and to one that was set.
ipv6() {
	local size
	ifconfig ecm0 inet6 fd09::1/64
	ip -n gad addr add fd09::2/64 dev far0 nodad
	await ping -n -c 1 -W 1 "$(local_of far0 -n gad)%ecm0"
	far ping -n -q -c 2 -W 10 "$(local_of ecm0)%far0" >/dev/null
	for size in 0 1 400 401 402 912 914 1451 1452; do
		ping -n -q -c 1 -W 10 -s $size fd09::2 >/dev/null || fail "no answer to $size bytes over IPv6"
	done
	if_up -6 -i -r 60 ecm0
	iperf3 -6 -c fd09::2 -t 3 --bidir >/run/iperf3.log || fail "$(cat /run/iperf3.log)"
	grep receiver /run/iperf3.log
	ifconfig ecm0
	echo "ipv6: ok"
}

# captured FILE prints what tcpdump wrote, without the time.
captured() { sed -n 's/^[0-9:.]* \([^ ]\)/\1/p' "$1"; }

# capture lets tcpdump look at both ends, which must see the same frames.
capture() {
	local side pids=() near=02:00:00:00:00:01 far=02:00:00:00:00:02
	tcpdump -l -e -n -i ecm0 arp or icmp >/run/near 2>/run/near.err &
	pids+=($!)
	far tcpdump -l -e -n -i far0 arp or icmp >/run/far 2>/run/far.err &
	pids+=($!)
	for side in near far; do await grep -q listening /run/$side.err; done
	ip neigh flush dev ecm0
	ping -n -q -c 1 -W 10 -s 100 -p a5 10.9.0.2 >/dev/null
	for side in near far; do await grep -q 'echo reply' /run/$side; done
	kill "${pids[@]}"
	wait "${pids[@]}" || true
	captured /run/near
	for line in \
		"$near > ff:ff:ff:ff:ff:ff, ethertype ARP (0x0806), length 42: Request who-has 10.9.0.2 tell 10.9.0.1, length 28" \
		"$far > $near, ethertype ARP (0x0806), length 42: Reply 10.9.0.2 is-at $far, length 28" \
		"$near > $far, ethertype IPv4 (0x0800), length 142: 10.9.0.1 > 10.9.0.2: ICMP echo request, id " \
		"$far > $near, ethertype IPv4 (0x0800), length 142: 10.9.0.2 > 10.9.0.1: ICMP echo reply, id "; do
		grep -qF "$line" /run/near || fail "not in the capture: $line"
	done
	diff <(captured /run/near) <(captured /run/far) || fail "the ends saw different frames"
	echo "capture: ok"
}

# bridge puts ecm0 into a bridge, behind which is another machine with an address
# of its own. The device must have been asked for foreign frames.
bridge() {
	cat /sys/kernel/debug/usb/usbmon/0u >/run/usbmon &
	local monitor=$!
	await test -s /run/usbmon # statistics, once a second
	ip netns add behind
	ip link add br0 type bridge
	ip link add port type veth peer name eth0 netns behind address 02:00:00:00:00:77
	ip -n behind addr add 10.9.0.77/24 dev eth0
	ip -n behind link set eth0 up
	ifconfig ecm0 -alias 10.9.0.1 2>/dev/null || ip addr flush dev ecm0 scope global
	ip link set ecm0 master br0
	ip link set port master br0
	ip link set port up
	ip link set br0 up
	# SET_ETHERNET_PACKET_FILTER with PROMISCUOUS among the bits (ECM 1.2, table 8). The
	# monitor keeps some hundred events for a slow reader, and drops what else there is:
	# not while data moves.
	await grep -E ' s 21 43 000[13579bdf] 0000 ' /run/usbmon
	kill $monitor
	wait $monitor || true
	await ip netns exec behind ping -n -c 1 -W 1 10.9.0.2
	ip netns exec behind ping -n -q -A -c 200 -s 1472 -w 60 10.9.0.2 >/dev/null
	far ping -n -q -A -c 200 -w 60 10.9.0.77 >/dev/null
	shows '^10.9.0.77 lladdr 02:00:00:00:00:77' ip -n gad neigh show dev far0 || fail "$(ip -n gad neigh)"
	ifconfig ecm0 | grep PROMISC
	ip link set ecm0 nomaster
	await lacks PROMISC ifconfig ecm0
	echo "bridge: ok"
}

modprobe -a tun cdc_ether cdc_acm bridge veth usbmon
gadget plug >/dev/null
ip netns exec gad iperf3 -s -D
listening gad :5201
io-pkt-v6-hc -d ecm verbose -ptcpip
if_up -p -r 60 ecm0
ifconfig ecm0 10.9.0.1/24
await ping -n -c 1 -W 1 10.9.0.2
ipv6
capture
bridge
sloginfo
stop_stack
