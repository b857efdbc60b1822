#!/bin/bash
# demo.sh runs the demo as a user like any other.
# shellcheck source=/dev/null
. /share/lib.sh

modprobe tun
chmod 666 /dev/net/tun # as udev has it
ip -o link >/run/before
setpriv --reuid 65534 --regid 65534 --clear-groups /share/demo /share/bin
[ "$(ip -o link)" = "$(cat /run/before)" ] || fail "the demo left an interface"
[ ! -e /dev/io-usb ] || fail "the demo left /dev/io-usb"
