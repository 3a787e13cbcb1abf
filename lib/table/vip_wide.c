/* SPDX-License-Identifier: BSD-3-Clause */

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#include "table/vip.h"
#include "table/vip_wide.h"

_Static_assert(SPANS_NONE == VIP_NONE, "no node");

/* From port `first` of a protocol (range_key) to where the next range begins. */
struct port_range {
	uint32_t first;
	uint16_t service;
};

/* A prefix, and what it serves. */
struct node {
	uint32_t range, n; /* its ranges, in ranges; the first one begins at 0 */
	uint16_t around;   /* the node that holds this one, or VIP_NONE */
	uint16_t first;    /* service of its first definition */
	struct sl_prefix prefix;
};

struct vip_wide {
	struct spans spans; /* to the innermost node */
	struct node *node;
	struct port_range *range;
	uint32_t n_nodes, n_ranges;
};

/* Protocol and port in one number, in the order of ranges. */
static uint32_t range_key(uint8_t proto, uint32_t port)
{
	return (uint32_t)proto << 16 | port;
}

static bool is_wide(const struct vip_def *d)
{
	return d->prefix.len != 128 || !sl_ports_is_one(&d->ports);
}

/* By prefix, outer ones first; then what is equally wide side by side, wider ones first. */
static int by_prefix(const void *left, const void *right)
{
	const struct vip_def *l = *(const struct vip_def *const *)left,
			     *r = *(const struct vip_def *const *)right;
	const int d = memcmp(&l->prefix.address, &r->prefix.address, sizeof l->prefix.address);

	if (d)
		return d;
	if (l->prefix.len != r->prefix.len)
		return l->prefix.len - r->prefix.len;
	if (l->proto != r->proto)
		return l->proto - r->proto;
	if (sl_ports_width(&l->ports) != sl_ports_width(&r->ports))
		return sl_ports_width(&r->ports) - sl_ports_width(&l->ports);
	return l->ports.first - r->ports.first;
}

/* No two of a protocol that are equally wide overlap. */
static bool is_clear(const struct vip_def *const *def, size_t lo, size_t hi)
{
	for (size_t i = lo + 1; i < hi; i++)
		if (def[i]->proto == def[i - 1]->proto &&
			sl_ports_width(&def[i]->ports) == sl_ports_width(&def[i - 1]->ports) &&
			def[i]->ports.first <= def[i - 1]->ports.last)
			return false;
	return true;
}

/* The service of the definition that was given first: they all lie in one array. */
static uint16_t first_of(const struct vip_def *const *def, size_t lo, size_t hi)
{
	const struct vip_def *first = def[lo];

	for (size_t i = lo + 1; i < hi; i++)
		if (def[i] < first)
			first = def[i];
	return first->service;
}

static int by_number(const void *left, const void *right)
{
	const uint32_t l = *(const uint32_t *)left, r = *(const uint32_t *)right;

	return l < r ? -1 : l > r;
}

static size_t sort_unique(uint32_t *edge, size_t n)
{
	size_t kept = 0;

	qsort(edge, n, sizeof *edge, by_number);
	for (size_t i = 0; i < n; i++)
		if (kept == 0 || edge[kept - 1] != edge[i])
			edge[kept++] = edge[i];
	return kept;
}

/* Every place at which the answer may change, sorted. */
static size_t edges_of(const struct vip_def *const *def, size_t n, uint32_t *edge)
{
	size_t count = 0;

	edge[count++] = 0;
	for (size_t i = 0; i < n; i++) {
		edge[count++] = range_key(def[i]->proto, def[i]->ports.first);
		edge[count++] = range_key(def[i]->proto, def[i]->ports.last) + 1;
	}
	return sort_unique(edge, count);
}

/* The n sorted definitions of one node become disjoint ranges: from the widest to the narrowest
 * each is painted over those below it. edge: room for 2 n + 1. */
static void paint(struct vip_wide *w, struct node *node, const struct vip_def *const *def, size_t n,
	uint32_t *edge)
{
	const size_t edges = edges_of(def, n, edge);
	struct port_range *range = w->range + w->n_ranges;

	for (size_t e = 0; e < edges; e++)
		range[e] = (struct port_range){edge[e], VIP_NONE};
	for (size_t i = 0; i < n; i++) {
		const uint32_t first = range_key(def[i]->proto, def[i]->ports.first),
			       last = range_key(def[i]->proto, def[i]->ports.last);
		const uint32_t *at = bsearch(&first, edge, edges, sizeof *edge, by_number);

		for (size_t e = (size_t)(at - edge); e < edges && edge[e] <= last; e++)
			range[e].service = def[i]->service;
	}
	node->range = w->n_ranges;
	node->n = (uint32_t)edges;
	w->n_ranges += (uint32_t)edges;
}

/* Nodes come outer ones first, so the one around is the last one before that holds it. */
static uint16_t find_around(const struct vip_wide *w, uint32_t number)
{
	const struct sl_prefix *p = &w->node[number].prefix;
	uint16_t i = number ? (uint16_t)(number - 1) : VIP_NONE;

	while (i != VIP_NONE &&
		(w->node[i].prefix.len > p->len || !sl_prefix_has(&w->node[i].prefix, &p->address)))
		i = w->node[i].around;
	return i;
}

/* Definitions of one prefix, from lo on: where they end. */
static size_t end_of_prefix(const struct vip_def *const *def, size_t n, size_t lo)
{
	size_t hi = lo + 1;

	while (hi < n && sl_prefix_eq(&def[hi]->prefix, &def[lo]->prefix))
		hi++;
	return hi;
}

static int fill(struct vip_wide *w, const struct vip_def *const *def, size_t n, uint32_t *edge,
	struct spans_prefix *prefix)
{
	for (size_t lo = 0, hi; lo < n; lo = hi) {
		const uint32_t number = w->n_nodes++;
		struct node *node = &w->node[number];

		hi = end_of_prefix(def, n, lo);
		if (!is_clear(def, lo, hi))
			return -EEXIST;
		node->prefix = def[lo]->prefix;
		node->around = find_around(w, number);
		node->first = first_of(def, lo, hi);
		paint(w, node, def + lo, hi - lo, edge);
		prefix[number] = (struct spans_prefix){node->prefix, (uint16_t)number};
	}
	return spans_build(&w->spans, prefix, w->n_nodes);
}

static int build(struct vip_wide *w, const struct vip_def *const *def, size_t n)
{
	uint32_t *edge = calloc(2 * n + 1, sizeof *edge);
	struct spans_prefix *prefix = calloc(n, sizeof *prefix);
	int rc = -ENOMEM;

	w->node = calloc(n, sizeof *w->node);
	w->range = calloc(3 * n, sizeof *w->range); /* two edges each, one a node */
	if (edge && prefix && w->node && w->range)
		rc = fill(w, def, n, edge, prefix);
	free(edge);
	free(prefix);
	return rc;
}

int vip_wide_new(struct vip_wide **out, const struct vip_def *defs, size_t n)
{
	const struct vip_def **def = calloc(n + 1, sizeof *def);
	size_t wide = 0;
	int rc = 0;

	*out = NULL;
	if (!def)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		if (is_wide(&defs[i]))
			def[wide++] = &defs[i];
	if (wide) {
		qsort(def, wide, sizeof *def, by_prefix);
		*out = calloc(1, sizeof **out);
		rc = *out ? build(*out, def, wide) : -ENOMEM;
	}
	if (rc) {
		vip_wide_free(*out);
		*out = NULL;
	}
	free(def);
	return rc;
}

void vip_wide_free(struct vip_wide *w)
{
	if (!w)
		return;
	spans_clear(&w->spans);
	free(w->node);
	free(w->range);
	free(w);
}

static uint16_t find_port(const struct port_range *range, uint32_t n, uint32_t key)
{
	uint32_t low = 0, high = n;

	while (high - low > 1) {
		const uint32_t mid = low + (high - low) / 2;

		if (range[mid].first <= key)
			low = mid;
		else
			high = mid;
	}
	return range[low].service;
}

uint16_t vip_wide_find(
	const struct vip_wide *w, const uint64_t address[2], uint16_t port, uint8_t proto)
{
	const uint32_t key = range_key(proto, port);
	uint16_t i = spans_find(&w->spans, address), service = VIP_NONE;

	while (i != VIP_NONE && service == VIP_NONE) {
		service = find_port(w->range + w->node[i].range, w->node[i].n, key);
		i = w->node[i].around;
	}
	return service;
}

uint16_t vip_wide_find_address(const struct vip_wide *w, const uint64_t address[2])
{
	const uint16_t i = spans_find(&w->spans, address);

	return i == VIP_NONE ? VIP_NONE : w->node[i].first;
}
