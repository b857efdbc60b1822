# shellcheck shell=bash
# What measures. The caller sets driver and speed, which say what is measured, and
# addresses, the far end of each gadget. Each test adds a line to a file; sample.go
# reads them. What could not be measured leaves a line that shows it.

driver='' speed='' addresses=() counters=''

# measure_to FILE SECONDS says where, and how long a test is.
measure_to() {
	samples=$1 seconds=$2
}

# serve NAMESPACE starts an iperf3 for each far end, in their network namespace.
serve() {
	local address
	servers=()
	for address in "${addresses[@]}"; do
		ip netns exec "$1" iperf3 -s -B "$address" >/dev/null 2>&1 &
		servers+=($!)
	done
	counters=/proc/${servers[0]}/net/dev
}

# unserve ends them.
unserve() {
	kill "${servers[@]}"
	wait "${servers[@]}" || true
}

# look finds out, without starting a program, how much processor time everybody
# has used so far, in hundredths of a second, and how many bytes the far ends have
# sent and received.
look() {
	local user nice system irq softirq steal name rx tx
	read -r _ user nice system _ _ irq softirq steal _ </proc/stat
	cpu=$((user + nice + system + irq + softirq + steal)) bytes=0
	while IFS=': ' read -r name rx _ _ _ _ _ _ _ tx _; do
		case $name in
		lo | Inter-* | face*) ;;
		*) bytes=$((bytes + rx + tx)) ;;
		esac
	done <"$counters"
}

# sample TEST DIRECTION FLOWS WORDS... adds a line, with cpu and bytes.
sample() {
	printf '{"driver":"%s","speed":"%s","gadgets":%d,"test":"%s","direction":"%s","flows":%d,"cpu":%d.%02d,"bytes":%d,%s}\n' \
		"$driver" "$speed" "${#addresses[@]}" "$1" "$2" "$3" $((cpu / 100)) $((cpu % 100)) "$bytes" "$4" >>"$samples"
}

# clients SECONDS OPTIONS... runs an iperf3 for each gadget, all at once, and
# prints what they report as words of JSON.
clients() {
	local dir address comma='' limit=$1
	shift
	dir=$(mktemp -d)
	for address in "${addresses[@]}"; do
		timeout $((limit + 30)) iperf3 -c "$address" -t "$limit" -J "$@" >"$dir/$address" 2>/dev/null &
	done
	wait
	printf '"iperf":['
	for address in "${addresses[@]}"; do
		printf '%s' "$comma"
		tr -d '\n' <"$dir/$address"
		comma=,
	done
	printf ']'
	rm -r "$dir"
}

# direction WORD prints iperf3's option for it.
direction() {
	case $1 in in) echo -R ;; both) echo --bidir ;; esac
}

# flowing waits, if not for ever, until data flows to or from the far ends.
flowing() {
	local begin tries
	look
	begin=$bytes
	for ((tries = 0; tries < 100 && bytes < begin + 100000; tries++)); do
		sleep 0.1
		look
	done
}

# watched COMMAND... runs it, and finds out what processor time and how many bytes
# the middle of its run takes, when it neither starts nor ends.
watched() {
	local begin_cpu begin_bytes dir
	dir=$(mktemp -d)
	"$@" >"$dir/reports" &
	flowing
	begin_cpu=$cpu begin_bytes=$bytes
	sleep "$seconds"
	look
	cpu=$((cpu - begin_cpu)) bytes=$((bytes - begin_bytes))
	wait $!
	reports=$(<"$dir/reports")
	rm -r "$dir"
}

# tcp DIRECTION FLOWS
tcp() {
	# shellcheck disable=SC2046 # no word for nothing
	watched clients $((seconds + 1)) -P "$2" $(direction "$1")
	sample tcp "$1" "$2" "$reports"
}

# far DIRECTION FLOWS is tcp with far ends that take 40 ms to answer, when it has found
# its pace.
far() {
	local n found=3
	for n in "${!addresses[@]}"; do
		ip netns exec gad tc qdisc add dev "far$n" root netem delay 40ms limit 10000
	done
	cpu=0 bytes=0
	# shellcheck disable=SC2046 # no word for nothing
	sample far "$1" "$2" "$(clients "$seconds" -O "$found" -P "$2" $(direction "$1"))"
	for n in "${!addresses[@]}"; do
		ip netns exec gad tc qdisc del dev "far$n" root
	done
}

# udp DIRECTION sends datagrams of 64 bytes, as many as go.
udp() {
	cpu=0 bytes=0
	# shellcheck disable=SC2046 # no word for nothing
	sample udp "$1" 1 "$(clients "$seconds" -u -l 64 -b 0 $(direction "$1"))"
}

# times COUNT INTERVAL pings the first gadget, and prints the times as words of
# JSON.
times() {
	printf '"rtt":[%s]' "$(ping -c "$1" -i "$2" -W 5 "${addresses[0]}" |
		sed -n 's/.*time=\([0-9.]*\) ms.*/\1/p' | paste -sd,)"
}

# rtt LOAD is idle, or loaded: with TCP in both directions meanwhile.
rtt() {
	local load=''
	if [ "$1" = loaded ]; then
		clients $((seconds + 1)) --bidir >/dev/null &
		load=$!
		flowing
	fi
	cpu=0 bytes=0
	sample rtt "$1" 0 "$(times $((seconds * 100)) 0.007)"
	[ -z "$load" ] || wait "$load"
}

# behind FLOWS pings while so many connections send, when they and the driver have had
# some seconds for getting to know the device.
behind() {
	local load
	clients $((seconds + 6)) -P "$1" >/dev/null &
	load=$!
	flowing
	sleep 4
	cpu=0 bytes=0
	sample rtt out "$1" "$(times $((seconds * 20)) 0.05)"
	wait "$load"
}
