# shellcheck shell=bash
# What the guest's scripts share. They end at the first failure, and say where.
set -euo pipefail
trap 'echo "FAILED at ${BASH_SOURCE[0]##*/}:$LINENO: $BASH_COMMAND"; dmesg | tail -n 20' ERR
set -E

fail() {
	echo "FAILED: $*"
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
