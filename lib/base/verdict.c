/* SPDX-License-Identifier: BSD-3-Clause */

#include "base/verdict.h"

static const struct {
	const char *name;
	const char *help;
} verdicts[VERDICT_COUNT] = {
#define VERDICT_ROW(id, name, help) [VERDICT_##id] = {name, help},
	VERDICT_LIST(VERDICT_ROW)
#undef VERDICT_ROW
};

const char *verdict_name(enum verdict v)
{
	return v < VERDICT_COUNT ? verdicts[v].name : "?";
}

const char *verdict_help(enum verdict v)
{
	return v < VERDICT_COUNT ? verdicts[v].help : "?";
}
