/* SPDX-License-Identifier: BSD-3-Clause */

/* Any bytes as a configuration: they load and check, or they are refused with a message.
 *     build-fuzz/tests/fuzz/fuzz_conf -max_total_time=60 CORPUS tests/unit/conf config */

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "conf/conf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* libconfig 1.5 has no destructor for the text of a token that its parser throws away at a syntax
 * error. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
	return "leak:libconfig\n";
}

/* What every user of a checked configuration relies on. */
static void promise(const struct conf *conf)
{
	for (size_t i = 0; i < conf->n_ports; i++)
		if (conf->ports[i].accept_mac == CONF_ACCEPT_DEFAULT || !conf->ports[i].name)
			abort();
	for (size_t i = 0; i < conf->n_pools; i++) {
		const struct conf_pool *pool = &conf->pools[i];

		if (pool->table_size < pool->n_backends || pool->table_size < 2 ||
			pool->egress_port >= (int)conf->n_ports)
			abort();
		for (size_t j = 0; j < pool->n_backends; j++)
			if (pool->backends[j].weight > 1000 ||
				!sl_addr_is_host(&pool->backends[j].address))
				abort();
	}
	for (size_t i = 0; i < conf->n_vips; i++)
		if (conf->vips[i].pool_index >= conf->n_pools)
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sl_err err = SL_ERR_INIT;
	struct conf *conf;
	char *text;
	int rc;

	/* No files beyond the input. */
	if (memmem(data, size, "@include", 8))
		return 0;
	text = malloc(size + 1);
	if (!text)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	rc = conf_load_text(text, "fuzz", &conf, &err);
	free(text);
	if (!rc) {
		rc = conf_check(conf, &err);
		if (!rc) {
			promise(conf);
			conf_warn(conf, NULL);
		}
		conf_free(conf);
	}
	if ((rc != 0) != (err.count > 0))
		abort();
	sl_err_clear(&err);
	return 0;
}
