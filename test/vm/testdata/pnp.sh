#!/bin/bash
# pnp.sh pulls the gadget fifty times with frames on their way and plugs it in
# again while io-pkt runs, which must have no more in the end than in the beginning.
# shellcheck source=/dev/null
. /share/lib.sh

log=/run/io-pkt.log # the goroutines, every two seconds, and each garbage collection

# busy succeeds once frames are on their way.
busy() { [ "$(cat /sys/class/net/ecm0/statistics/rx_packets)" -gt 100 ]; }

# goroutines prints how many io-pkt had in the last list that is complete: all but
# the dead, which are in state 6.
goroutines() { awk '/^SCHED/ { last = n; n = 0 } /^  G[0-9]+: status=[^6]/ { n++ } END { print last + 0; exit !last }' $log; }

# heap prints how many MB Go's last garbage collection has found in use.
heap() { awk '/^gc [0-9]+ @/ { n = split($0, part, "->"); mb = part[n] } END { print mb + 0 }' $log; }

# resident prints how many KiB of memory io-pkt has: first all of it, then without Go's
# heap, which heap says more of: libusb's and the transfer buffers are in that. Go's heap
# is what has whole 4 MB at addresses that are whole 4 MB.
resident() {
	awk '/^[0-9a-f]+-/ { go = /^[0-9a-f]*[048c]00000-[0-9a-f]*[048c]00000 rw-p 00000000 00:00 0/ }
		/^Rss:/ { all += $2; if (!go) rest += $2 } END { print all, rest }' "/proc/$pid/smaps"
}

# census prints what io-pkt holds while no device is there: descriptors,
# goroutines, threads, MB of Go's heap, KiB of memory in all and without that heap.
census() {
	local lists go
	lists=$(grep -c ^SCHED $log)
	await eval "[ \$(grep -c ^SCHED $log) -ge $((lists + 3)) ]" # one begun after now, and its end
	go=$(goroutines)
	echo "$(find "/proc/$pid/fd" -type l | wc -l) $go" \
		"$(awk '/^Threads/ { print $2 }' "/proc/$pid/status") $(heap) $(resident)"
}

# least FIELD ROUND... prints the least that this field of some censuses has. Of Go's heap
# more or less is resident from one time to the next, 4 to 10 MB with 1 MB in use: each of
# the runtime's processors that had something to do keeps some for itself.
least() {
	local field=$1 number
	shift
	for number in "$@"; do
		awk -v field="$field" '{ print $field }' <<<"${after[number]}"
	done | sort -n | sed -n 1p
}

# no_more NAME BEFORE AFTER LIMIT fails when there are more by so much.
no_more() {
	[ $(($3 - $2)) -lt "$4" ] || fail "$1: $2 after 5 rounds, $3 after 50"
}

# connect gives ecm0 its address, and waits for an answer.
connect() {
	if_up -p -r 60 ecm0
	ifconfig ecm0 10.9.0.1/24
	await ping -n -c 1 -W 1 10.9.0.2
}

# round plugs, moves data all ways, and pulls.
round() {
	gadget plug >/dev/null
	connect
	local load=()
	nice -n 19 ping -n -q -f -w 120 10.9.0.2 >/dev/null 2>&1 &
	load+=($!)
	nice -n 19 socat -u TCP:10.9.0.2:19 OPEN:/dev/null 2>/dev/null &
	load+=($!)
	nice -n 19 socat -u OPEN:/dev/zero TCP:10.9.0.2:9 2>/dev/null &
	load+=($!)
	await busy
	gadget unplug
	await test ! -e /sys/class/net/ecm0
	kill "${load[@]}" 2>/dev/null || true
	wait "${load[@]}" || true
}

modprobe -a tun cdc_ether cdc_acm
port=$(gadget plug) # makes the far side
gadget unplug
ip netns exec gad nice -n 19 socat -u OPEN:/dev/zero TCP-LISTEN:19,fork,reuseaddr 2>/dev/null &
ip netns exec gad nice -n 19 socat -u TCP-LISTEN:9,fork,reuseaddr OPEN:/dev/null 2>/dev/null &
listening gad :19
listening gad :9

# The garbage is collected early and often, and libc keeps one arena and not one for
# each thread: what is left is the same each time.
GOGC=25 MALLOC_ARENA_MAX=1 GODEBUG=gctrace=1,schedtrace=2000,scheddetail=1 io-pkt-v4-hc --foreground -d ecm pnp,verbose -ptcpip 2>$log &
pid=$!
for number in {1..50}; do
	round
	case $number in [345] | 48 | 49 | 50)
		after[number]=$(census)
		echo "round $number: ok; descriptors, goroutines, threads, MB of heap, KiB in all, KiB beside: ${after[number]}"
		;;
	esac
done
[ ! -e "/sys/bus/usb/devices/$port" ] || fail "the gadget is still there"
read -r fds goroutines threads heap _ rest <<<"${after[5]}"
read -r fds50 goroutines50 threads50 heap50 _ rest50 <<<"${after[50]}"
no_more descriptors "$fds" "$fds50" 1
no_more goroutines "$goroutines" "$goroutines50" 5
no_more threads "$threads" "$threads50" 10
no_more "MB of heap" "$heap" "$heap50" 2
no_more "KiB of memory" "$(least 5 3 4 5)" "$(least 5 48 49 50)" 4096
no_more "KiB beside Go's heap" "$rest" "$rest50" 2048

# Pulled and back before anybody looked.
gadget plug >/dev/null
if_up -p -r 60 ecm0
for _ in 1 2 3; do
	gadget unplug
	gadget plug >/dev/null
done
await ip link show ecm0
connect
sloginfo | tail -n 40
stop_stack
await bound "$port" 0 cdc_ether

# With ign_remove the interface stays when its device has gone.
io-pkt-v4-hc -d ecm ign_remove,verbose -ptcpip
connect
gadget unplug
await shows 'status: no carrier' ifconfig ecm0
ifconfig ecm0
gadget plug >/dev/null
ifconfig ecm0 destroy
[ ! -e /sys/class/net/ecm0 ] || fail "ecm0 is still there"
stop_stack
