#!/bin/bash
# xhci.sh drives QEMU's own CDC-ECM device on an emulated xHCI controller, whose
# driver moves data by DMA as on real machines. The device's first configuration
# is RNDIS, its second CDC-ECM. QEMU's monitor, on a serial port, pulls it
# and plugs it in.
# shellcheck source=/dev/null
. /share/lib.sh

# usbnet prints the ports of QEMU's network devices.
usbnet() { grep -lx a4a2 /sys/bus/usb/devices/*/idProduct | xargs -r dirname | xargs -rn 1 basename | grep .; }

# monitor COMMAND gives QEMU's monitor a command.
monitor() { printf '%s\n' "$*" >&7; }

# lease asks QEMU for an address as an ordinary client does, and checks what came.
lease() {
	timeout 120 busybox udhcpc -n -q -t 20 -T 2 -i ecm0 -s /share/lease.sh || fail "no address"
	shows 'inet 10.0.2.15 netmask 0xffffff00' ifconfig ecm0 || fail "$(ifconfig ecm0)"
}

# outside sends to a program that runs outside of the guest, cat, and compares what
# it sends back.
outside() {
	head -c 300000 /dev/urandom >/run/sent
	exec 5<>/dev/tcp/10.0.2.100/7
	cat /run/sent >&5 &
	timeout 120 head -c 300000 <&5 | cmp /run/sent || fail "TCP to the outside"
	exec 5>&-
}

modprobe -a tun xhci_pci cdc_ether rndis_host virtio_console
await eval 'ls /dev/vport*p*'
exec 7<>"$(echo /dev/vport*p*)"
await usbnet
port=$(usbnet)
await test -e "/sys/bus/usb/devices/$port/driver"

# QEMU's device cannot halt an endpoint, and has an answer to everything.
IO_PKT_TEST_DEVICE='0525:a4a2 10.0.2.2 10.0.2.15' host.test -test.v -test.timeout 5m \
	-test.run AnotherDevice -test.skip 'AnotherDevice/(ControlRefused|Halt)'

io-pkt-v4-hc -d ecm pnp,verbose -ptcpip
if_up -p -r 60 ecm0
lease
pings 10.0.2.2
outside

# The device goes while io-pkt runs, and comes back, and then there are two.
for _ in 1 2 3; do
	ping -n -q -f -w 60 10.0.2.2 >/dev/null 2>&1 &
	monitor device_del far
	await test ! -e /sys/class/net/ecm0
	kill $! || true
	await eval '! usbnet'
	monitor device_add usb-net,id=far,netdev=far
	if_up -p -r 60 ecm0
	lease
	outside
done
monitor device_add usb-net,id=other,netdev=other
if_up -p -r 60 ecm1
ifconfig ecm1 10.0.3.15/24
await ping -n -c 1 -W 1 10.0.3.2
monitor device_del far
await test ! -e /sys/class/net/ecm0
ping -n -q -c 3 -W 10 10.0.3.2 >/dev/null
sloginfo
ifconfig ecm1 destroy
stop_stack
echo "xhci: ok"
