# shellcheck shell=bash
# What the guest's scripts share. They end at the first failure, and say where.
set -euo pipefail
trap 'echo "FAILED at ${BASH_SOURCE[0]##*/}:$LINENO: $BASH_COMMAND"; diagnose' ERR
set -E

# diagnose shows what the logs have, if there are any.
diagnose() {
	sloginfo 2>/dev/null | tail -n 20 || true
	dmesg | tail -n 20
}

fail() {
	echo "FAILED: $*"
	diagnose
	exit 1
}

# await COMMAND... runs a command until it succeeds, for a minute.
await() {
	local deadline=$((SECONDS + 60))
	until "$@" >/dev/null 2>&1; do
		[ $SECONDS -lt $deadline ] || fail "waited in vain for: $*"
		sleep 0.1
	done
}

# driver PORT N names the driver of interface N of the device there.
driver() {
	basename "$(readlink "/sys/bus/usb/devices/$1:1.$2/driver" || echo none)"
}

# bound PORT N DRIVER succeeds when that is so.
bound() {
	[ "$(driver "$1" "$2")" = "$3" ]
}

# stop_stack ends io-pkt as QNX's slay does, and waits for it.
stop_stack() {
	pkill -TERM -x io-pkt-v4-hc
	await eval '! pgrep -x io-pkt-v4-hc'
}

# pings ADDRESS SPEED pings with frames around each multiple of the speed's bulk
# packet, where a zero-length packet makes the difference, and with the smallest
# and largest. A frame is 42 bytes more than ping's payload.
pings() {
	local size packet sizes=(0 1 1471 1472)
	case $2 in full) packet=64 ;; high) packet=512 ;; super) packet=1024 ;; esac
	for ((size = packet - 42; size < 1472; size += packet)); do
		sizes+=($((size - 1)) "$size" $((size + 1)))
	done
	await ping -c 1 -W 1 "$1"
	for size in "${sizes[@]}"; do
		ping -q -c 1 -W 10 -s "$size" "$1" >/dev/null || fail "no answer to $size bytes"
	done
}
