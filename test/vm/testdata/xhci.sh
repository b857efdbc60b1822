#!/bin/bash
# xhci.sh drives QEMU's own CDC-ECM device on an emulated xHCI controller, whose
# driver moves data by DMA as on real machines. The device's first configuration
# is RNDIS, its second CDC-ECM.
# shellcheck source=/dev/null
. /share/lib.sh

modprobe -a tun xhci_pci cdc_ether rndis_host
usbnet() { grep -l 0525 /sys/bus/usb/devices/*/idVendor; }
await usbnet
port=$(basename "$(dirname "$(usbnet)")")
await test -e "/sys/bus/usb/devices/$port/driver"

# QEMU's device cannot halt an endpoint, and has an answer to everything.
IO_PKT_TEST_DEVICE='0525:a4a2 10.0.2.2 10.0.2.15' host.test -test.v -test.timeout 5m \
	-test.run AnotherDevice -test.skip 'AnotherDevice/(ControlRefused|Halt)'

io-pkt-v4-hc -d ecm verbose -ptcpip
if_up -p -r 60 ecm0
ifconfig ecm0 10.0.2.15/24
pings 10.0.2.2
sloginfo
ifconfig ecm0 destroy
stop_stack
