/* SPDX-License-Identifier: BSD-3-Clause */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/vlan.h"

/* What tag i of n has when nothing else is said. */
static uint16_t usual_type(uint32_t i, uint32_t n)
{
	return i + 1 < n ? SL_VLAN_TYPE_AD : SL_VLAN_TYPE_Q;
}

/* One tag at *at, which moves behind it; the type is 0 where none is written. */
static bool tag_at(const char **at, struct sl_vlan *out)
{
	uint32_t id = 0;

	for (; **at >= '0' && **at <= '9' && id <= SL_VLAN_ID_MAX; (*at)++)
		id = id * 10 + (uint32_t)(**at - '0');
	*out = (struct sl_vlan){.id = (uint16_t)id};
	if (strncmp(*at, "ad", 2) == 0) {
		out->type = SL_VLAN_TYPE_AD;
		*at += 2;
	} else if (**at == 'q') {
		out->type = SL_VLAN_TYPE_Q;
		*at += 1;
	}
	return id >= 1 && id <= SL_VLAN_ID_MAX;
}

int sl_vlans_parse(const char *text, struct sl_vlans *out)
{
	struct sl_vlans v = {0};

	do {
		if (v.n == SL_VLANS_MAX || !tag_at(&text, &v.tag[v.n++]))
			return -EINVAL;
	} while (*text++ == '.');
	if (text[-1])
		return -EINVAL;
	for (uint32_t i = 0; i < v.n; i++)
		if (!v.tag[i].type)
			v.tag[i].type = usual_type(i, v.n);
	*out = v;
	return 0;
}

const char *sl_vlans_format(const struct sl_vlans *v, char *buf)
{
	size_t used = 0;

	buf[0] = '\0';
	for (uint32_t i = 0; i < v->n; i++) {
		const uint16_t type = v->tag[i].type;
		const char *said = type == SL_VLAN_TYPE_AD ? "ad" : "q";

		used += (size_t)snprintf(buf + used, SL_VLANS_STRLEN - used, "%s%u%s", i ? "." : "",
			v->tag[i].id, type == usual_type(i, v->n) ? "" : said);
	}
	return buf;
}
