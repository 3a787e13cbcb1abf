/* SPDX-License-Identifier: BSD-3-Clause */

/* Ports that lie together, as a person writes them: "443", "8000-8100", or "0" for every port. */

#ifndef SLUICE_BASE_PORTS_H
#define SLUICE_BASE_PORTS_H

#include <stdbool.h>
#include <stdint.h>

/* Both belong to it; host order. Every port is 0-65535; nothing else begins with 0. */
struct sl_ports {
	uint16_t first, last;
};

#define SL_PORTS_EVERY  ((struct sl_ports){0, UINT16_MAX})

/* Enough for every text of sl_ports_format, with its NUL. */
#define SL_PORTS_STRLEN 12

static inline struct sl_ports sl_ports_one(uint16_t port)
{
	return (struct sl_ports){port, port};
}

static inline bool sl_ports_is_one(const struct sl_ports *p)
{
	return p->first == p->last;
}

static inline bool sl_ports_is_every(const struct sl_ports *p)
{
	return p->first == 0;
}

static inline bool sl_ports_has(const struct sl_ports *p, uint16_t port)
{
	return port >= p->first && port <= p->last;
}

/* How many there are, less one. */
static inline uint16_t sl_ports_width(const struct sl_ports *p)
{
	return (uint16_t)(p->last - p->first);
}

/* 0, or -EINVAL. A range of one port is that port. */
int sl_ports_parse(const char *text, struct sl_ports *out);

/* buf: SL_PORTS_STRLEN bytes. Returns buf. */
const char *sl_ports_format(const struct sl_ports *p, char *buf);

#endif
