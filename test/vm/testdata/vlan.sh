#!/bin/bash
# vlan.sh runs the tests that need VLANs, and then makes VLAN interfaces with
# ifconfig, in one line and in steps, and moves data through them.
#
#	vlan73 (Linux's VLAN on ecm0) ─ io-pkt ─ io-usb -d sim ─ far0 ─ far0.73, in the namespace far
# shellcheck source=/dev/null
. /share/lib.sh

# has INTERFACE PATTERN checks what ifconfig shows.
has() {
	shows "$2" ifconfig "$1" || fail "no '$2' in: $(ifconfig "$1")"
}

# refuses MESSAGE COMMAND... checks how a command fails.
refuses() {
	local message=$1 out
	shift
	! out=$("$@" 2>&1) || fail "it worked: $*"
	[ "$out" = "ifconfig: $message" ] || fail "$*: $out"
}

modprobe -a tun 8021q
export NEED_VLANS=1
netif.test -test.v -test.run TestGate
stack.test -test.v -test.run 'VLAN|MTUForIPv6'

ip netns add far
io-usb -d sim netns=far,tap=far0,segment=1518 # with room for the tag
ip -n far link add link far0 name far0.73 type vlan id 73
ip -n far addr add 160.48.199.100/25 dev far0.73
ip -n far link set far0 up
ip -n far link set far0.73 up

io-pkt-v4-hc -d ecm
if_up -p -r 60 ecm0

# One line does all. The parent is not up yet.
ifconfig vlan73 create vlan 73 vlanif ecm0 160.48.199.119/25 up
has vlan73 '^vlan73: flags=8843<UP,BROADCAST,RUNNING,SIMPLEX,MULTICAST> mtu 1496$'
has vlan73 '^	vlan: 73 parent: ecm0$'
has vlan73 '^	inet 160.48.199.119 netmask 0xffffff80 broadcast 160.48.199.127$'
ifconfig vlan73
shows 'vlan protocol 802.1Q id 73 ' ip -d link show vlan73 || fail "$(ip -d link show vlan73)"
[ "$(ifconfig -l)" = "lo0 ecm0 vlan73" ] || fail "$(ifconfig -l)"
if_up vlan73
ifconfig ecm0 up
if_up -l ecm0
await ping -c 1 -W 1 160.48.199.100
ping -q -c 3 -W 10 -M "do" -s 1468 160.48.199.100 >/dev/null
! ping -q -c 1 -W 1 -M "do" -s 1469 160.48.199.100 >/dev/null 2>&1 || fail "a frame was too long"
# The far end's frames may be longer by the tag.
ip netns exec far ping -q -c 3 -W 10 -s 1472 160.48.199.119 >/dev/null
shows 'input: [1-9]' ifconfig -v vlan73 || fail "$(ifconfig -v vlan73)"

# What a VLAN refuses.
refuses 'SIOCSETVLAN: Resource busy' ifconfig vlan73 vlan 74 vlanif ecm0
refuses 'SIOCIFCREATE: File exists' ifconfig vlan73 create
refuses 'SGIOCGIFMEDIA: Invalid argument' ifconfig vlan73 media auto
ifconfig vlan74 create
refuses 'SIOCSETVLAN: File exists' ifconfig vlan74 vlan 73 vlanif ecm0
ifconfig vlan74 destroy
[ "$(ifconfig vlan73 mtu 1500 2>&1)" = 'ifconfig: SIOCSIFMTU: Invalid argument' ] || fail "mtu 1500"
ifconfig vlan73 mtu 1400
has vlan73 'mtu 1400$'

# It has a link address of its own, and frames for that arrive.
ifconfig vlan73 link 02:00:00:00:00:73 active
has vlan73 '^	address: 02:00:00:00:00:73$'
await ping -c 1 -W 1 160.48.199.100

# In steps.
ifconfig vlan73 -vlanif
has vlan73 '^vlan73: flags=8802<BROADCAST,SIMPLEX,MULTICAST> mtu 1500$'
[ ! -e /sys/class/net/vlan73 ] || fail "vlan73 is still in the kernel"
ifconfig vlan73 vlan 73 vlanif ecm0
ifconfig vlan73 160.48.199.120 netmask 255.255.255.128
await ping -c 1 -W 1 160.48.199.100
ifconfig vlan73 destroy
refuses 'SIOCGIFFLAGS vlan73: No such device or address' ifconfig vlan73
[ ! -e /sys/class/net/vlan73 ] || fail "vlan73 is still in the kernel"

# It outlives its parent.
ifconfig vlan73 create vlan 73 vlanif ecm0
ifconfig ecm0 destroy
has vlan73 '^	address: 00:00:00:00:00:00$'
refuses 'SIOCSETVLAN: No such file or directory' ifconfig vlan73 vlan 73 vlanif ecm0
stop_stack
pkill -TERM -x io-usb
echo "vlan: ok"
