# shellcheck shell=bash
# How the guest's devices come under one driver or the other.
# shellcheck source=/dev/null
. /share/lib.sh
# shellcheck source=/dev/null
. /share/measure.sh

# begin SECONDS prepares the guest for tests that are so long.
begin() {
	measure_to /share/samples "$1"
	uname -r >/share/kernel
	modprobe -a tun cdc_ether vhci_hcd sch_netem
}

# try_out GADGETS plugs each in and out once. Its far end goes to its network
# namespace at the first time, while the host configures the device: now and then
# no frame passes then.
try_out() {
	local n
	for ((n = 0; n < $1; n++)); do
		gadget plug high "$n" >/dev/null
		gadget unplug "$n"
	done
}

# forget makes one run like the other: what TCP knows of the far end from the run
# before is not kept.
forget() {
	sysctl -qw net.ipv4.tcp_no_metrics_save=1
	ip netns exec gad sysctl -qw net.ipv4.tcp_no_metrics_save=1
}

# netdev N prints the interface that belongs to gadget N, by its address.
netdev() {
	ip -o link | awk -F': ' -v mac="02:00:00:00:0$1:01" 'index($0, mac) { print $2 }' | grep .
}

# plug N plugs in a gadget; or where the speed is a time such as 5ms, in which a device
# takes a frame, one that io-usb simulates, which cdc_ether gets over USB/IP.
plug() {
	case $speed in
	*ms)
		[ -e /run/netns/gad ] || ip netns add gad
		io-usb -d sim "mac=020000000${1}01,addr=10.9.$1.2/24,tap=far$1,netns=gad,listen=127.0.0.1:3240"
		[ "$driver" = io-pkt ] || usbip attach -r 127.0.0.1 -b 1-1
		;;
	*) gadget plug "$speed" "$1" >/dev/null ;;
	esac
}

# unplug N undoes plug.
unplug() {
	case $speed in
	*ms)
		[ "$driver" = io-pkt ] || usbip detach -p 0 >/dev/null 2>&1
		pkill -TERM -x io-usb
		await eval '! pgrep -x io-usb'
		;;
	*) gadget unplug "$1" ;;
	esac
}

# attach DRIVER SPEED DEVICES plugs in and brings up.
attach() {
	local n dev
	driver=$1 speed=$2 addresses=()
	for ((n = 0; n < $3; n++)); do
		plug "$n"
		addresses+=("10.9.$n.2")
	done
	if [ "$driver" = io-pkt ]; then
		io-pkt-v4-hc -d ecm -ptcpip
		for ((n = 0; n < $3; n++)); do
			if_up -p -r 60 "ecm$n"
		done
	fi
	for ((n = 0; n < $3; n++)); do
		await netdev "$n"
		dev=$(netdev "$n")
		if [ "$driver" = io-pkt ]; then
			ifconfig "$dev" "10.9.$n.1/24"
		else
			[ -e "/sys/class/net/$dev/device/driver/module/drivers/usb:cdc_ether" ] || fail "$dev is not of cdc_ether"
			ip addr add "10.9.$n.1/24" dev "$dev"
			ip link set "$dev" up
		fi
	done
	serve gad
	forget
	for ((n = 0; n < $3; n++)); do
		await ping -c 1 -W 1 "${addresses[n]}"
	done
	case $speed in *ms) io-usb -c "fault 0 slow ${speed%ms}" ;; esac
}

# detach undoes attach.
detach() {
	local n
	unserve
	[ "$driver" = cdc_ether ] || stop_stack
	for n in "${!addresses[@]}"; do
		unplug "$n"
		await eval "! netdev $n"
	done
}
