#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Two lanes on a TAP that DPDK makes: the kernel chooses its queue by addresses and ports, for fragments by addresses
# alone, as a NIC does. Flows of small datagrams and of 3,000 bytes, of both families, keep their backend while weights
# change.
set -euo pipefail
# shellcheck source=scripts/netlab.sh
. "$(dirname "$0")/../../scripts/netlab.sh"
# shellcheck source=tests/e2e/relay.inc.sh
. "$(dirname "$0")/relay.inc.sh"

# lb is a router here, with sluiced behind two TAPs: packets for the VIPs go out by `in`, and come back in a tunnel by
# `out`. (One for both would not do: the kernel has what belongs together leave by the queue by which it last came.)
LAB_DRIVER=vdev LAB_QUEUES=2 LAB_VIPS="$VIP4=4 $VIP6=6"
lab_up 3
relay_backends
relay_conf 's/{ name = "wan";.*}/{ name = "in"; driver = "vdev"; device = "net_tap0,iface=in,mac=02:00:00:00:00:77"; next_hop_mac = "02:00:00:00:00:78"; },\
		{ name = "out"; driver = "vdev"; device = "net_tap1,iface=out"; next_hop_mac = "02:00:00:00:00:79"; }/
	s/forward = "ipip";/forward = "ipip"; egress = "out"; tunnel_source = [ "10.99.0.1", "fd99::1" ];/'
lab_sluiced_start
lb=$(lab_ns lb)
ip -n "$lb" link set in address 02:00:00:00:00:78 up
ip -n "$lb" link set out address 02:00:00:00:00:79 up
lab_sysctl lb net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 net.ipv4.conf.out.rp_filter=0
for vip in "$VIP4" "$VIP6"; do
	ip -n "$lb" route add "$vip" dev in
	ip -n "$lb" neigh add "$vip" lladdr 02:00:00:00:00:77 dev in
done
# In a tunnel, too, it is to fit the TAPs.
ip -n "$(lab_ns client)" link set eth0 mtu 1400
asked=0
for vip in "$VIP4" "$VIP6"; do
	relay_one_backend_a_flow "$vip" 50 3000
	asked=$((asked + relay_large))
	relay_asked "$asked"
done
# About half of 200 flows, sigma 7
expect_between "fragments that the other lane took" "$(relayed taken)" $((asked / 10)) $((asked * 9 / 10))
# The host speaks for itself on its TAPs, and to groups.
relay_clean not_our_mac loop eth_type no_vip
lab_sluiced_stop
