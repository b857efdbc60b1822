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

# shows REGEX COMMAND... succeeds when the command does and prints a matching line.
# A pipe into grep -q would not do: grep leaves at the first match, SIGPIPE may then
# end the command, and pipefail makes that a failure.
shows() {
	local output
	output=$("${@:2}") && grep -qE -e "$1" <<<"$output"
}

# lacks REGEX COMMAND... succeeds when the command does and prints no such line.
lacks() {
	local output
	output=$("${@:2}") && ! grep -qE -e "$1" <<<"$output"
}

# listening NAMESPACE [ADDRESS]:PORT waits until somebody there can be connected to.
listening() {
	await shows "$2 " ip netns exec "$1" ss -ltn
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
	pkill -TERM -x 'io-pkt-v[46]-hc'
	await eval '! pgrep -x "io-pkt-v[46]-hc"'
}

# pings ADDRESS pings with frames of every size, and so with each multiple of the
# bulk packets of every speed, where a zero-length packet makes the difference.
pings() {
	await ping -c 1 -W 1 "$1"
	/share/sweep "$1" || fail "pings to $1"
}
