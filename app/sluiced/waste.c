/* SPDX-License-Identifier: BSD-3-Clause */

#include <stdlib.h>

#include "conf/conf.h"
#include "errand.h"
#include "waste.h"

struct wasted {
	struct errand errand;
	void *thing;
	void (*free_fn)(void *thing);
};

static void run(struct errand *e)
{
	struct wasted *w = (struct wasted *)e;

	w->free_fn(w->thing);
	w->thing = NULL;
}

static void done(struct errand *e)
{
}

static void end(struct errand *e)
{
	if (((struct wasted *)e)->thing)
		run(e);
	free(e);
}

void waste_thing(const struct waste *waste, void *thing, void (*free_fn)(void *thing))
{
	struct wasted *w = waste && waste->errands ? malloc(sizeof *w) : NULL;

	if (!w) {
		free_fn(thing);
		return;
	}
	*w = (struct wasted){{.run = run, .done = done, .end = end}, thing, free_fn};
	errands_add(waste->errands, &w->errand);
}

static void free_conf(void *conf)
{
	conf_free(conf);
}

void waste_conf(const struct waste *waste, struct conf *conf)
{
	if (conf)
		waste_thing(waste, conf, free_conf);
}
