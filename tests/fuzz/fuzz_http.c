/* SPDX-License-Identifier: BSD-3-Clause */

/* Any bytes as the answer of a backend: there is a verdict, and it is the same however they arrive.
 * The first byte says where they are cut, the second what is wanted.
 *     build-fuzz/tests/fuzz/fuzz_http -max_total_time=60 CORPUS */

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "health/http.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void answer(struct http_answer *a, const struct http_want *want, const uint8_t *data,
	size_t size, size_t piece)
{
	for (size_t at = 0; at < size && !a->judged; at += piece)
		http_feed(a, want, data + at, piece < size - at ? piece : size - at);
	if (!a->judged)
		http_end(a, want);
	if (!a->judged || !*a->why || strlen(a->why) > HEALTH_REASON_BYTES)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct http_answer one = {0}, other = {0};
	struct http_want want;

	if (size < 2)
		return 0;
	if (http_want_set(&want, data[1] & 1 ? "100-599" : NULL, data[1] & 2 ? NULL : "aab",
		    (data[1] & 6) == 6))
		abort();
	answer(&one, &want, data + 2, size - 2, size);
	answer(&other, &want, data + 2, size - 2, 1 + data[0]);
	if (one.code != other.code || strcmp(one.why, other.why) != 0)
		abort();
	return 0;
}
