/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-3-Clause) */

/* What the BPF programs and user space both know: keys and values of maps, and the names by which a
 * loaded program and its maps are found again. Included by both sides; kernel types only. */

#ifndef SLUICE_BPF_SHARED_H
#define SLUICE_BPF_SHARED_H

#include <linux/types.h>

/* Key of every address map: IPv6, or IPv4 in mapped form ::ffff:a.b.c.d, network order (struct
 * sl_addr). */
struct bpf_addr {
	__u8 b[16];
};

/* Key of every map of prefixes (BPF_MAP_TYPE_LPM_TRIE): the first `len` bits of an address. */
struct bpf_prefix {
	__u32 len;
	struct bpf_addr addr;
};

/* steer.bpf.c and steer_tc.bpf.c. Program names have at most 15 characters. */
#define STEER_PROG        "sluice_steer"
#define STEER_TC_PROG     "sluice_steer_tc"
#define STEER_VIPS_MAP    "sluice_vips"
#define STEER_NETS_MAP    "sluice_nets"
#define STEER_SOURCES_MAP "sluice_sources"
#define STEER_XSKS_MAP    "xsks_map" /* the name that DPDK's net_af_xdp looks for */
#define STEER_VIPS_MAX    8192
#define STEER_QUEUE_MAX   64

/* Value of sluice_vips and sluice_nets: why the address or the prefix is in the map. */
#define STEER_VIP         (1u << 0)

/* Key of sluice_sources, a trie: a tunnel of ours by the destination port of GUE, in network order,
 * 0 for IP in IP, and by where it comes from. `len` counts the 16 bits of the port, too. The value
 * says nothing. */
struct bpf_source {
	__u32 len;
	__u8 port[2];
	struct bpf_addr addr;
	__u8 pad[2]; /* 0 */
};

#define STEER_PORT_BITS   16
#define STEER_SOURCES_MAX 8192

/* decap.bpf.c */
#define DECAP_PROG        "sluice_decap"
#define DECAP_VIPS_MAP    "decap_vips"
#define DECAP_NETS_MAP    "decap_nets"
#define DECAP_STATE_MAP   "decap_state"
#define DECAP_DSCP_MAP    "decap_dscp"
#define DECAP_VIPS_MAX    8192
#define DECAP_GUE_PORT    6080 /* IANA's for GUE */

/* Key of decap_dscp, an array: the DSCP, 64 more for IPv6. Its value: the VIP, all zero for none.
 */
#define DECAP_DSCP_VALUES 64
#define DECAP_DSCP_MAX    (2 * DECAP_DSCP_VALUES)

/* Value of decap_vips and decap_nets. */
#define DECAP_VIP         (1u << 0) /* decapsulate what is for this address */
#define DECAP_ADDED       (1u << 1) /* sluice-decap put it on lo, and takes it off again */

/* A kernel setting as it was and as sluice-decap set it. */
struct decap_setting {
	__s32 before;
	__s32 set;
	__u32 changed; /* 0: not touched, the other two mean nothing */
};

#define DECAP_SETTINGS 3

/* The only entry of decap_state: what has to be undone at exit. It lives in the kernel beside the
 * filter, so that the successor of a killed sluice-decap knows it too. */
struct decap_state {
	__u32 made_qdisc;
	/* Order: the table in app/sluice-decap/settings.c. */
	struct decap_setting setting[DECAP_SETTINGS];
};

#endif
