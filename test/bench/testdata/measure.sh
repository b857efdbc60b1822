# shellcheck shell=bash
# What measures. The caller sets driver and speed, which say what is measured, and
# addresses, the far end of each gadget. Each test adds a line to a file; sample.go
# reads them. What could not be measured leaves a line that shows it.

driver='' speed='' addresses=() counters=''

# measure_to FILE SECONDS says where, and how long a test is.
measure_to() {
	samples=$1 seconds=$2
}

# serve NAMESPACE starts an iperf3 for each far end, in their network namespace, and
# returns when all can be connected to.
serve() {
	local address
	servers=()
	for address in "${addresses[@]}"; do
		ip netns exec "$1" iperf3 -s -B "$address" >/dev/null 2>&1 &
		servers+=($!)
	done
	for address in "${addresses[@]}"; do
		listening "$1" "$address:5201"
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

# flowing waits, if not for ever, until data flows to or from the far ends, and notes
# whether it does.
flowing() {
	local begin tries
	look
	begin=$bytes stalled=false
	for ((tries = 0; bytes < begin + 100000; tries++)); do
		if ((tries == 100)); then
			stalled=true
			return
		fi
		sleep 0.1
		look
	done
}

# load SECONDS OPTIONS... has clients send meanwhile, and returns when data flows.
load() {
	directory=$(mktemp -d)
	clients "$@" >"$directory/reports" &
	loading=$!
	flowing
}

# unload waits for their end, and has what they report in words.
unload() {
	wait "$loading"
	words="\"stalled\":$stalled,$(<"$directory/reports")"
	rm -r "$directory"
}

# tcp DIRECTION FLOWS finds out, too, what processor time and how many bytes the middle
# of its run takes, when it neither starts nor ends.
tcp() {
	local begin_cpu begin_bytes
	# shellcheck disable=SC2046 # no word for nothing
	load $((seconds + 1)) -P "$2" $(direction "$1")
	begin_cpu=$cpu begin_bytes=$bytes
	sleep "$seconds"
	look
	cpu=$((cpu - begin_cpu)) bytes=$((bytes - begin_bytes))
	unload
	sample tcp "$1" "$2" "$words"
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

# datagrams DIRECTION prints how many have come to the end that receives, with those for
# which there was no room in a socket any more.
datagrams() {
	local end=self
	[ "$1" != out ] || end=${servers[0]}
	awk '$1 == "Udp:" && $2 != "InDatagrams" { print $2 + $4 }' "/proc/$end/net/snmp"
}

# udp DIRECTION sends datagrams of 64 bytes, as many as go.
udp() {
	local begin reports
	cpu=0 bytes=0
	begin=$(datagrams "$1")
	# shellcheck disable=SC2046 # no word for nothing
	reports=$(clients "$seconds" -u -l 64 -b 0 $(direction "$1"))
	sample udp "$1" 1 "\"arrived\":$(($(datagrams "$1") - begin)),$reports"
}

# times COUNT INTERVAL pings the first gadget, and prints how many pings that are, and
# the times of those that were answered, as words of JSON.
times() {
	printf '"sent":%d,"rtt":[%s]' "$1" "$(ping -c "$1" -i "$2" -W 5 "${addresses[0]}" |
		sed -n 's/.*time=\([0-9.]*\) ms$/\1/p' | paste -sd, || true)"
}

# rtt LOAD is idle, or loaded: with TCP in both directions meanwhile.
rtt() {
	local answers
	if [ "$1" = loaded ]; then
		load $((seconds + 1)) --bidir
	fi
	answers=$(times $((seconds * 100)) 0.007)
	if [ "$1" = loaded ]; then
		unload
		answers+=",$words"
	fi
	cpu=0 bytes=0
	sample rtt "$1" 0 "$answers"
}

# behind FLOWS pings while so many connections send, when they and the driver have had
# some seconds for getting to know the device.
behind() {
	local answers
	load $((seconds + 6)) -P "$1"
	sleep 4
	answers=$(times $((seconds * 20)) 0.05)
	unload
	cpu=0 bytes=0
	sample rtt out "$1" "$answers,$words"
}
