/* SPDX-License-Identifier: BSD-3-Clause */

/* Any sequence of packets, pauses, sweeps, changes of backends, growth and restarts leaves the flow
 * table with exactly what a plain dictionary holds. */

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "../unit/flow_model.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FLOWS 256

/* One step from three bytes. */
static void step(struct model *m, const uint8_t *d)
{
	const uint16_t slot = d[2] % MODEL_BACKENDS;

	switch (d[0] & 15) {
	case 12:
		if (d[1] > 200)
			model_adopt(m);
		break;
	case 13:
		model_wait(m, (uint32_t)d[1] * d[2]);
		break;
	case 14:
		model_sweep(m, d[1] % (m->t->mask + 2));
		break;
	case 15:
		m->backend[slot].state = d[1] % 3;
		break;
	default:
		model_packet(m, d[1], slot, d[0] >> 4 & 3);
	}
	model_check(m);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct random r = {1};
	struct model m;

	if (size < FLOW_STATES + 2)
		return 0;
	const struct flow_shape shape = {
		.entries = 64u << data[0] % 6,
		.start = data[0] & 64 ? 64 : 1024,
		.exact_keys = data[0] >> 7,
	};

	model_start(&m, &r, FLOWS, &shape);
	for (uint32_t s = 0; s < FLOW_STATES; s++)
		m.to.idle_s[s] = (uint16_t)(data[s + 1] * 125 + 1);
	m.now_s = data[FLOW_STATES + 1] * 300u;
	m.swept_s = m.now_s;
	for (size_t at = FLOW_STATES + 2; at + 3 <= size && !m.wrong; at += 3)
		step(&m, data + at);
	if (m.wrong) {
		fprintf(stderr, "%s\n", m.wrong);
		abort();
	}
	model_end(&m);
	return 0;
}
