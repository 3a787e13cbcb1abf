/* SPDX-License-Identifier: BSD-3-Clause */

#include <errno.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "kernel/host_if.h"
#include "own_address.h"

struct own {
	struct sl_addr address;
	const char *interface;
};

struct owns {
	sl_array(struct own) all; /* sorted by address */
};

static bool read_address(const struct sockaddr *sa, struct sl_addr *out)
{
	if (sa && sa->sa_family == AF_INET) {
		*out = sl_addr_from4(&((const struct sockaddr_in *)(const void *)sa)->sin_addr);
		return true;
	}
	if (sa && sa->sa_family == AF_INET6) {
		memcpy(out->b, &((const struct sockaddr_in6 *)(const void *)sa)->sin6_addr,
			sizeof out->b);
		return true;
	}
	return false;
}

static int compare(const void *a, const void *b)
{
	return memcmp(&((const struct own *)a)->address, &((const struct own *)b)->address,
		sizeof(struct sl_addr));
}

/* They point into `list`. */
static void collect(const struct ifaddrs *list, struct owns *owns)
{
	for (const struct ifaddrs *i = list; i; i = i->ifa_next) {
		struct sl_addr address;
		struct own *slot;

		if (!read_address(i->ifa_addr, &address) || strcmp(i->ifa_name, HOST_IF_NAME) == 0)
			continue;
		slot = sl_array_add(&owns->all);
		if (slot)
			*slot = (struct own){address, i->ifa_name};
	}
	if (owns->all.count)
		qsort(owns->all.item, owns->all.count, sizeof *owns->all.item, compare);
}

static bool uses_kernel(const struct conf *conf)
{
	for (size_t i = 0; i < conf->n_ports; i++)
		if (conf->ports[i].interface)
			return true;
	return false;
}

static void refuse(const struct conf_pool *pool, const struct conf_backend *be,
	const struct own *own, struct sl_err *err)
{
	static const char text[] =
		"pool \"%s\": backend \"%s\": %s is an address of this machine, of "
		"interface %s";
	char address[SL_ADDR_STRLEN];

	sl_addr_format(&be->address, address);
	if (be->place.file)
		sl_err_at(err, be->place.file, be->place.line, text, pool->name, be->name, address,
			own->interface);
	else
		sl_err_add(err, text, pool->name, be->name, address, own->interface);
}

static int check_pool(const struct conf_pool *pool, const struct owns *owns, struct sl_err *err)
{
	int rc = 0;

	for (size_t i = 0; i < pool->n_backends; i++) {
		const struct own key = {.address = pool->backends[i].address};
		const struct own *own =
			bsearch(&key, owns->all.item, owns->all.count, sizeof key, compare);

		if (!own)
			continue;
		refuse(pool, &pool->backends[i], own, err);
		rc = -EINVAL;
	}
	return rc;
}

int own_address_check(const struct conf *from, const struct conf *conf, struct sl_err *err)
{
	struct owns owns = {0};
	struct ifaddrs *list;
	int rc = 0;

	if (!uses_kernel(conf) || getifaddrs(&list) != 0)
		return 0;
	collect(list, &owns);
	for (size_t p = 0; p < conf->n_pools && owns.all.count; p++)
		if (!conf_has_pool(from, p, &conf->pools[p]) &&
			check_pool(&conf->pools[p], &owns, err))
			rc = -EINVAL;
	sl_array_free(&owns.all);
	freeifaddrs(list);
	return rc;
}
