#!/bin/bash
# hostile.sh shows that a device does not harm others on the machine's own bus, and that
# one which is reset comes back.
# shellcheck source=/dev/null
. /share/lib.sh

# attach FILE gives Linux a device with these descriptors, ID VVVV:PPPP.
attach() {
	io-usb -d sim "listen=127.0.0.1:3240,desc=/share/$1"
	usbip attach -r 127.0.0.1 -b 1-1
	await eval "grep -qs $2 /sys/bus/usb/devices/*/uevent"
}

detach() {
	usbip detach -p 0
	pkill -TERM -x io-usb
	await eval '! pgrep -x io-usb'
}

modprobe -a tun vhci_hcd cdc_ether
port=$(gadget plug)
io-pkt-v4-hc -d ecm pnp -ptcpip
if_up -p -r 60 ecm0
ifconfig ecm0 10.9.0.1/24
pings 10.9.0.2

attach twice.txt 9999/100/
pings 10.9.0.2
lacks 'device removed' sloginfo
detach
echo "beside a hostile device: ok"

attach types.txt 9999/300/
if_up -p -r 60 ecm1
ifconfig ecm1 10.0.0.184
pings 10.0.0.1
detach
await eval '! ifconfig ecm1'
echo "endpoints of two types: ok"

# USBDEVFS_RESET, as usbreset does it: what usbfs has of the device is gone, but not the device.
node=$(printf '/dev/bus/usb/%03d/%03d' "$(cat "/sys/bus/usb/devices/$port/busnum")" "$(cat "/sys/bus/usb/devices/$port/devnum")")
perl -e 'open(F, "+<", $ARGV[0]) or die; ioctl(F, 0x5514, 0) or die' "$node"
await shows 'device removed' sloginfo
if_up -p -r 60 ecm0
ifconfig ecm0 10.9.0.1/24
pings 10.9.0.2
[ -e "$node" ] || fail "the device has left its place"
stop_stack
echo "after a reset: ok"

# One that answers nothing is not asked for what the kernel knows.
attach twice.txt 9999/100/
io-usb -c fault 0 silence
io-pkt-v4-hc -d ecm path=/dev/bus/usb -ptcpip
if_up -p -r 60 ecm0
lacks '9999:0100' sloginfo
stop_stack
detach
echo "beside a silent device: ok"
