# shellcheck shell=bash
# What measures. The caller sets driver and speed, which say what is measured, and
# addresses, the far end of each gadget. Each test adds a line to a file; sample.go
# reads them. What could not be measured leaves a line that shows it.

driver='' speed='' addresses=()

# measure_to FILE SECONDS says where, and how long a run of iperf3 is.
measure_to() {
	samples=$1 seconds=$2
}

# cpu prints the processor time that everybody has used so far, in hundredths of
# a second, but for what was idle or waiting.
cpu() {
	awk '/^cpu / { print $2 + $3 + $4 + $7 + $8 + $9 }' /proc/stat
}

# sample TEST DIRECTION FLOWS CPU WORDS... adds a line.
sample() {
	printf '{"driver":"%s","speed":"%s","gadgets":%d,"test":"%s","direction":"%s","flows":%d,"cpu":%d.%02d,%s}\n' \
		"$driver" "$speed" "${#addresses[@]}" "$1" "$2" "$3" $(($4 / 100)) $(($4 % 100)) "$5" >>"$samples"
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

# tcp DIRECTION FLOWS
tcp() {
	local begin reports
	begin=$(cpu)
	# shellcheck disable=SC2046 # no word for nothing
	reports=$(clients "$seconds" -P "$2" $(direction "$1"))
	sample tcp "$1" "$2" $(($(cpu) - begin)) "$reports"
}

# udp DIRECTION sends datagrams of 64 bytes, as many as go.
udp() {
	local begin reports
	begin=$(cpu)
	# shellcheck disable=SC2046 # no word for nothing
	reports=$(clients "$seconds" -u -l 64 -b 0 $(direction "$1"))
	sample udp "$1" 1 $(($(cpu) - begin)) "$reports"
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
		sleep 0.7 # until it flows
	fi
	sample rtt "$1" 0 0 "$(times $((seconds * 100)) 0.007)"
	[ -z "$load" ] || wait "$load"
}
