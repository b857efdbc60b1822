#!/bin/bash
# floor.sh FILE SECONDS DRIVER measures the way from here to 10.9.0.2 in the network
# namespace "far".
set -euo pipefail
# shellcheck source=/dev/null
. "$(dirname "$0")/../../vm/testdata/lib.sh"
# shellcheck source=/dev/null
. "$(dirname "$0")/measure.sh"

measure_to "$1" "$2"
# shellcheck disable=SC2034 # they are for measure.sh
driver=$3 speed='' addresses=(10.9.0.2)
serve far
trap unserve EXIT
sysctl -qw net.ipv4.tcp_no_metrics_save=1
ping -q -c 5 -i 0.2 -W 5 10.9.0.2 >/dev/null
tcp out 1
tcp in 1
tcp both 1
rtt idle
