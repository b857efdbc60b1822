#!/bin/sh
# lease.sh is what udhcpc runs: it gives the interface its address, with our ifconfig.
# shellcheck disable=SC2154 # udhcpc sets them
case $1 in
deconfig) ip addr flush dev "$interface" && ifconfig "$interface" up ;;
bound | renew) ifconfig "$interface" "$ip" netmask "$subnet" ;;
esac
