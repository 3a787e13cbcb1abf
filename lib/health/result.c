/* SPDX-License-Identifier: BSD-3-Clause */

#include <stdarg.h>
#include <stdio.h>

#include "health/result.h"

static const struct {
	const char *name, *help;
	enum health_outcome outcome;
} codes[HEALTH_CODE_COUNT] = {
#define HEALTH_CODE_ROW(id, name, outcome, help) {name, help, HEALTH_##outcome},
	HEALTH_CODE_LIST(HEALTH_CODE_ROW)
#undef HEALTH_CODE_ROW
};

const char *health_code_name(enum health_code code)
{
	return (unsigned int)code < HEALTH_CODE_COUNT ? codes[code].name : "?";
}

const char *health_code_help(enum health_code code)
{
	return (unsigned int)code < HEALTH_CODE_COUNT ? codes[code].help : "?";
}

enum health_outcome health_code_outcome(enum health_code code)
{
	return (unsigned int)code < HEALTH_CODE_COUNT ? codes[code].outcome : HEALTH_NEUTRAL;
}

/* A cut must not leave the first bytes of a UTF-8 character behind. */
static void drop_half_character(char *text, size_t len)
{
	size_t at = len;

	while (at && ((unsigned char)text[at - 1] & 0xc0) == 0x80)
		at--;
	if (at && (unsigned char)text[at - 1] >= 0xc0)
		text[at - 1] = '\0';
}

void health_result_set(
	struct health_result *r, enum health_code code, uint32_t duration_us, const char *fmt, ...)
{
	va_list ap;
	int n;

	r->code = code;
	r->duration_us = duration_us;
	va_start(ap, fmt);
	n = vsnprintf(r->reason, sizeof r->reason, fmt, ap);
	va_end(ap);
	if (n < 0)
		r->reason[0] = '\0';
	else if ((size_t)n >= sizeof r->reason)
		drop_half_character(r->reason, sizeof r->reason - 1);
	for (char *c = r->reason; *c; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			*c = '?';
}
