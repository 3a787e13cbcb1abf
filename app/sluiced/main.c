/* SPDX-License-Identifier: BSD-3-Clause */

#include <stdio.h>

#include "base/log.h"
#include "control.h"
#include "daemon.h"
#include "options.h"
#include "programs.h"

/* Configuration errors go to stderr as they are: "file:line: message" is what editors jump to. */
static int say_no(struct sl_err *err)
{
	for (size_t i = 0; i < err->count; i++)
		fprintf(stderr, "%s\n", err->text[i]);
	if (err->dropped)
		fprintf(stderr, "and %zu more\n", err->dropped);
	sl_err_clear(err);
	return 1;
}

static void say_warnings(const struct conf *conf)
{
	struct sl_err warn = SL_ERR_INIT;

	conf_warn(conf, &warn);
	for (size_t i = 0; i < warn.count; i++)
		log_warn("%s", warn.text[i]);
	sl_err_clear(&warn);
}

static int run(const struct options *o, struct conf *conf)
{
	struct sl_err err = SL_ERR_INIT;
	struct daemon d;
	int rc = daemon_start(&d, o, conf, &err);

	if (!rc)
		control_run(&d);
	daemon_stop(&d);
	return rc ? say_no(&err) : 0;
}

int main(int argc, char **argv)
{
	struct sl_err err = SL_ERR_INIT;
	struct options o;
	struct conf *conf;

	switch (options_parse(&o, argc, argv)) {
	case OPTIONS_DONE:
		return 0;
	case OPTIONS_WRONG:
		return 1;
	case OPTIONS_RUN:
		break;
	}
	if (conf_read(o.config, &conf, &err) != 0)
		return say_no(&err);
	daemon_set_log(conf);
	say_warnings(conf);
	if (!o.check)
		return run(&o, conf);
	if (programs_prove(NULL, conf, &err)) {
		conf_free(conf);
		return say_no(&err);
	}
	printf("%s: %zu ports, %zu pools, %zu VIPs: all right\n", o.config, conf->n_ports,
		conf->n_pools, conf->n_vips);
	conf_free(conf);
	return 0;
}
