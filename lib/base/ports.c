/* SPDX-License-Identifier: BSD-3-Clause */

#include <errno.h>
#include <stdio.h>

#include "base/ports.h"

/* One number of 0 to 65535 at *at, which moves behind it; -1 where none stands. */
static int32_t port_at(const char **at)
{
	int32_t n = -1;

	for (; **at >= '0' && **at <= '9'; (*at)++) {
		n = (n < 0 ? 0 : n * 10) + (**at - '0');
		if (n > UINT16_MAX)
			return -1;
	}
	return n;
}

int sl_ports_parse(const char *text, struct sl_ports *out)
{
	const int32_t first = port_at(&text);
	int32_t last = first;

	if (first < 0)
		return -EINVAL;
	if (*text == '-') {
		text++;
		last = port_at(&text);
		if (first == 0 || last < first)
			return -EINVAL;
	}
	if (*text)
		return -EINVAL;
	*out = first ? (struct sl_ports){(uint16_t)first, (uint16_t)last} : SL_PORTS_EVERY;
	return 0;
}

const char *sl_ports_format(const struct sl_ports *p, char *buf)
{
	if (sl_ports_is_one(p) || sl_ports_is_every(p))
		snprintf(buf, SL_PORTS_STRLEN, "%u", p->first);
	else
		snprintf(buf, SL_PORTS_STRLEN, "%u-%u", p->first, p->last);
	return buf;
}
