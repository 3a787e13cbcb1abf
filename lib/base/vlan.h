/* SPDX-License-Identifier: BSD-3-Clause */

/* VLAN tags of a frame as a person writes them: "100", or "200.100" for two, the outer one first.
 * IEEE 802.1Q: a lone tag and the inner of two have EtherType 0x8100, the outer of two 0x88a8. What
 * differs from that is written behind the number: "200q.100", "100ad". */

#ifndef SLUICE_BASE_VLAN_H
#define SLUICE_BASE_VLAN_H

#include <stdbool.h>
#include <stdint.h>

#define SL_VLAN_TYPE_Q  0x8100
#define SL_VLAN_TYPE_AD 0x88a8
#define SL_VLAN_ID_MAX  4094
#define SL_VLANS_MAX    2

/* Host order. */
struct sl_vlan {
	uint16_t type; /* EtherType */
	uint16_t id;   /* 1-4094 */
};

/* n of them, the outer one first; the rest is zero. */
struct sl_vlans {
	uint16_t n;
	struct sl_vlan tag[SL_VLANS_MAX];
};

/* Enough for every text of sl_vlans_format, with its NUL. */
#define SL_VLANS_STRLEN 16

/* 0, or -EINVAL. */
int sl_vlans_parse(const char *text, struct sl_vlans *out);

/* Empty for no tag. buf: SL_VLANS_STRLEN bytes. Returns buf. */
const char *sl_vlans_format(const struct sl_vlans *v, char *buf);

#endif
