#!/bin/bash
# modem.sh drives simulated modems that Linux's USB/IP client has put on Linux's
# own bus: dial, link up, DHCP, traffic, hang up, link down, all with the words
# that users type. What passes on the bus meanwhile usbmon writes to /share, as it
# is, for the test to look at.
# shellcheck source=/dev/null
. /share/lib.sh

sim=/run/sim/io-usb # not where the driver looks first: it is to use Linux's bus

# at COMMAND gives the modem a command and prints the response, up to its result.
at() {
	local line
	printf '%s\r' "$1" >&3
	while IFS= read -r -t 60 -u 3 line; do
		line=${line%$'\r'}
		[ -z "$line" ] || echo "$line"
		case $line in OK | ERROR) return ;; esac
	done
	fail "no response to $1"
}

# hear LINE waits for a line that nobody asked for.
hear() {
	local line
	while IFS= read -r -t 60 -u 3 line; do
		[ "${line%$'\r'}" != "$1" ] || return 0
	done
	fail "$1 is not heard"
}

want() { [ "$2" = "$1" ] || fail "got $2, want $1"; }

# attach prints the port of the modem.
attach() {
	local busid
	await shows '^ *[0-9-]*: ' usbip list -r 127.0.0.1
	busid=$(usbip list -r 127.0.0.1 | awk -F: '/^ *[0-9]+-[0-9.]+:/ && !n++ { gsub(/ /, "", $1); print $1 }')
	usbip attach -r 127.0.0.1 -b "$busid" >&2
	await eval 'ls -d /sys/bus/usb/drivers/cdc_ether/*:*'
	basename "$(echo /sys/bus/usb/drivers/cdc_ether/*:* | cut -d: -f1)"
}

# up_to_down is a day in the life of a modem.
up_to_down() {
	local long
	exec 3<>/dev/serecm0
	at ATE0
	want $'+CSQ: 20,99\nOK' "$(at AT+CSQ)"
	io-usb -n $sim -c 'say 0 RING'
	hear RING
	io-usb -n $sim -c 'fault 0 stall-command 1'
	want ERROR "$(at AT+CGMM)"
	long=$(printf 'AT%90s+CGMM' '')
	want $'Simulated modem\nOK' "$(at "$long")"

	ifconfig ecm0 up
	if_up -l -r 2 -m 100 ecm0 && fail "a link without a session"
	at 'AT^NDISDUP=1,1'
	if_up -l -r 600 -m 100 ecm0
	busybox udhcpc -i ecm0 -n -q -f -t 10 -T 5 -s /tmp/configure
	ping -q -c 3 -W 10 10.0.0.1
	at 'AT^NDISDUP=1,0'
	await shows 'no carrier' ifconfig ecm0
	ping -q -c 1 -W 1 10.0.0.1 && fail "frames pass after hanging up"
	exec 3>&-
}

# round NAME CONTROL SIMOPTIONS DRIVEROPTIONS
round() {
	local port monitor
	mkdir -p ${sim%/*}
	io-usb -n $sim -d sim "listen=127.0.0.1:3240,modem=1$3"
	port=$(attach)
	cat "/dev/usbmon${port%%-*}" >"/share/$1.mon" &
	monitor=$!

	io-pkt-v4-hc -d ecm "verbose$4" -ptcpip &
	if_up -p -r 60 ecm0
	for i in "$2" $(($2 + 1)); do bound "$port" "$i" usbfs || fail "interface $i is not ours"; done
	up_to_down
	ifconfig -v ecm0 | grep AT
	sloginfo
	# The device carries serial ports, too, which Linux has made terminals of.
	[ "$1" = plain ] || sloginfo | grep 'AT command refused: .*; the device has serial ports: /dev/ttyUSB0, /dev/ttyUSB1'
	ifconfig ecm0 destroy
	[ ! -e /dev/serecm0 ] || fail "/dev/serecm0 is left"

	kill $monitor
	wait $monitor || true
	stop_stack
	pkill -TERM -x io-usb
	await eval '! ls -d /sys/bus/usb/drivers/cdc_ether/*:*'
	echo "$1: ok"
}

cat >/tmp/configure <<'END'
#!/bin/sh
[ "$1" = bound ] || exit 0
ifconfig $interface $ip netmask $subnet
END
chmod +x /tmp/configure
modprobe -a tun vhci_hcd cdc_ether option usbmon
round plain 0 '' ''
# As it is in the field: the function is one of several, and the device has little
# room for commands.
round lara 4 ,desc=/share/lara.hex,command=64 ,bufsz=1024
