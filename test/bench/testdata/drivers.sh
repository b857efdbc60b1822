# shellcheck shell=bash
# How the guest's gadgets come under one driver or the other.
# shellcheck source=/dev/null
. /share/lib.sh
# shellcheck source=/dev/null
. /share/measure.sh

# begin SECONDS prepares the guest for tests that are so long.
begin() {
	measure_to /share/samples "$1"
	uname -r >/share/kernel
	modprobe -a tun cdc_ether
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

# attach DRIVER SPEED GADGETS plugs in and brings up.
attach() {
	local n dev
	driver=$1 speed=$2 addresses=()
	for ((n = 0; n < $3; n++)); do
		gadget plug "$speed" "$n" >/dev/null
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
}

# detach undoes attach.
detach() {
	local n
	unserve
	[ "$driver" = cdc_ether ] || stop_stack
	for n in "${!addresses[@]}"; do
		gadget unplug "$n"
		await eval "! netdev $n"
	done
}
