#!/bin/bash
# usbip.sh lets Linux judge the simulator: its USB/IP client attaches a simulated
# modem, its cdc_ether drives it. Then our own usb/host does.
# shellcheck source=/dev/null
. /share/lib.sh

mac=02:69:6f:70:6b:00

# interface prints the name of the modem's network interface.
interface() {
	ip -o link | awk -F': ' -v mac=$mac 'index($0, mac) { print $2 }' | grep .
}

attach() {
	await shows '^ *[0-9-]*: ' usbip list -r 127.0.0.1
	usbip attach -r 127.0.0.1 -b "$(usbip list -r 127.0.0.1 | awk -F: '/^ *[0-9]+-[0-9.]+:/ && !n++ { gsub(/ /, "", $1); print $1 }')"
	await interface
}

carrier() { [ "$(cat "/sys/class/net/$(interface)/carrier")" = "$1" ]; }

# transfers lets Linux's iperf3 talk to itself through the simulator: behind the
# modem is a TAP in another network namespace.
transfers() {
	local option
	ip netns add far
	io-usb -d sim "listen=127.0.0.1:3240,tap=far0,netns=far,addr=10.7.0.1/24"
	ip -n far link set far0 up
	ip netns exec far iperf3 -s -D
	listening far :5201
	attach
	ip addr add 10.7.0.2/24 dev "$(interface)"
	ip link set "$(interface)" up
	pings 10.7.0.1
	for option in '' -R --bidir; do
		# shellcheck disable=SC2086 # no word for nothing
		iperf3 -c 10.7.0.1 -t 3 $option >/run/iperf3.log || fail "$(cat /run/iperf3.log)"
		grep receiver /run/iperf3.log
	done
	pkill -TERM -x io-usb
	await eval '! interface'
}

modprobe -a tun vhci_hcd cdc_ether
for speed in "$@"; do
	io-usb -d sim "listen=127.0.0.1:3240,speed=$speed,addr=10.7.0.1/24"
	usbip list -r 127.0.0.1
	attach
	[ "$(basename "$(readlink "/sys/class/net/$(interface)/device/driver")")" = cdc_ether ] || fail "not cdc_ether"
	ip addr add 10.7.0.2/24 dev "$(interface)"
	ip link set "$(interface)" up
	pings 10.7.0.1
	[ "$(head -c 1000000 </dev/tcp/10.7.0.1/19 | wc -c)" = 1000000 ] || fail "chargen"
	head -c 1000000 /dev/zero >/dev/tcp/10.7.0.1/9

	await carrier 1
	io-usb -c 'link 0 down'
	await carrier 0
	io-usb -c 'link 0 up'
	await carrier 1

	IO_PKT_TEST_DEVICE='1209:0001 10.7.0.1 10.7.0.2' host.test -test.v -test.timeout 5m -test.run AnotherDevice

	io-usb -c 'pull 0'
	await eval '! interface'
	io-usb -c 'plug 0'
	attach
	pkill -TERM -x io-usb
	await eval '! interface'
	echo "at $speed speed: ok"
done
transfers
