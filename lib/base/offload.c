/* SPDX-License-Identifier: BSD-3-Clause */

#include "base/offload.h"

const char *offload_name(uint32_t number)
{
	static const char *const names[OFFLOAD_COUNT] = {
#define X(ID, name, help) name,
		OFFLOAD_LIST(X)
#undef X
	};

	return names[number];
}
