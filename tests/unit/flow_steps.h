/* SPDX-License-Identifier: BSD-3-Clause */

/* Random life for a flow table, held against the dictionary of flow_model.h. For tests that include
 * cmocka before this. */

#ifndef SLUICE_TESTS_FLOW_STEPS_H
#define SLUICE_TESTS_FLOW_STEPS_H

#include "flow_model.h"

static inline enum flow_event random_event(struct random *r)
{
	static const enum flow_event usual_mix[] = {FLOW_EV_DATA, FLOW_EV_DATA, FLOW_EV_DATA,
		FLOW_EV_DATA, FLOW_EV_SYN, FLOW_EV_SYN, FLOW_EV_END, FLOW_EV_UDP};

	return usual_mix[random_below(r, 8)];
}

/* Every flow meets a packet about every 20 seconds, and the sweep comes round a few times
 * meanwhile. */
static inline void random_step(struct model *m, struct random *r)
{
	static const uint8_t states[] = {BACKEND_GONE, BACKEND_DRAIN, BACKEND_DRAIN, BACKEND_READY,
		BACKEND_READY, BACKEND_READY, BACKEND_READY, BACKEND_READY};
	const uint16_t slot = (uint16_t)random_below(r, MODEL_BACKENDS);

	if (random_below(r, 2 * m->n) == 0)
		model_wait(m, random_below(r, 80));
	if (random_below(r, 4 * m->n) == 0)
		m->backend[slot].state = states[random_below(r, 8)];
	if (m->adopts && random_below(r, 8 * m->n) == 0)
		model_adopt(m);
	if (random_below(r, 16) == 0)
		model_sweep(m, random_below(r, 8));
	else
		model_packet(m, random_below(r, m->n), slot, random_event(r));
}

/* `steps` operations; the whole table is compared every `every` of them. */
static inline void against_model(const struct flow_shape *shape, uint32_t flows, uint32_t steps,
	uint32_t every, const struct flow_timeouts *to, bool adopts)
{
	struct random r = random_start();
	struct model m;

	model_start(&m, &r, flows, shape);
	m.to = *to;
	m.adopts = adopts;
	for (uint32_t i = 0; i < steps && !m.wrong; i++) {
		random_step(&m, &r);
		if (i % every == 0 || i + 1 == steps)
			model_check(&m);
	}
	if (m.wrong)
		fail_msg("%s", m.wrong);
	assert_true(m.t->entries > shape->entries / 8);
	if (!adopts) /* which counts from zero */
		assert_true(m.t->evicted > 0 && m.t->expired > 0 && m.t->bypass > 0);
	assert_int_equal(m.t->mask + 1, m.t->most);
	model_end(&m);
}

#endif
