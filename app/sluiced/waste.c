/* SPDX-License-Identifier: BSD-3-Clause */

#include <stdlib.h>

#include "conf/conf.h"
#include "errand.h"
#include "waste.h"

struct wasted {
	struct errand errand;
	struct conf *conf;
};

static void run(struct errand *e)
{
	struct wasted *w = (struct wasted *)e;

	conf_free(w->conf);
	w->conf = NULL;
}

static void done(struct errand *e)
{
}

static void end(struct errand *e)
{
	conf_free(((struct wasted *)e)->conf);
	free(e);
}

void waste_conf(const struct waste *waste, struct conf *conf)
{
	struct wasted *w = conf && waste && waste->errands ? malloc(sizeof *w) : NULL;

	if (!w) {
		conf_free(conf);
		return;
	}
	*w = (struct wasted){.errand = {.run = run, .done = done, .end = end}, .conf = conf};
	errands_add(waste->errands, &w->errand);
}
