/* SPDX-License-Identifier: BSD-3-Clause */

/* The command line's options: one table drives parsing, help, man page and completion. */

#ifndef SLUICECTL_OPTIONS_H
#define SLUICECTL_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "rows.h"

#define FILTERS_MAX 16

/* What an option needs of the command; a command row says what it accepts. */
enum {
	NEEDS_NOTHING = 0,
	NEEDS_DAEMON = 1 << 0, /* asks the daemon each time: can be watched */
	NEEDS_LIST = 1 << 1,
	NEEDS_ZEROS = 1 << 2,  /* hides rows of zeros */
	NEEDS_CHANGE = 1 << 3, /* changes something, and can be tried without doing it */
	NEEDS_ASSENT = 1 << 4, /* asks before it does what cannot be taken back */
	NEEDS_FLOWS = 1 << 5,  /* can be about the flows of one backend */
	NEEDS_FORCE = 1 << 6,  /* is refused for its effect on traffic, unless forced */
	NEEDS_EVENTS = 1 << 7, /* tells what happened, and what is to come */
	NEEDS_TRIAL = 1 << 8,  /* can be taken back by itself */
	NEEDS_FILE = 1 << 9,   /* can write a file */
	NEEDS_WAIT = 1 << 10,  /* begins what takes time, and can wait for it */
};

struct options {
	bool json;
	const char *socket;
	unsigned timeout_ms;
	bool has_timeout;  /* it was given */
	unsigned watch_ms; /* 0 = once */
	bool color;
	const char *sort; /* or NULL */
	bool descending;
	struct filter filters[FILTERS_MAX];
	size_t n_filters;
	bool all;
	bool dry_run;
	bool yes;
	bool force;
	bool wait;
	uint32_t confirm_s; /* 0 = not given */
	const char *to;     /* or NULL */
	bool has_if_rev;
	uint64_t if_rev;
	const char *backend; /* or NULL */
	bool follow;
	bool has_since;
	int64_t since_s;
	bool help;
	bool version;
	unsigned given; /* bit i: option_rows[i] was */
	char **words;   /* what is not an option */
	int n_words;
};

struct option_row {
	char letter; /* 0 = none */
	const char *name;
	const char *value; /* "SEC", or NULL: takes none */
	bool value_optional;
	unsigned needs;
	const char *help;
	int (*set)(struct options *, const char *value, struct sl_err *);
};

extern const struct option_row option_rows[];
extern const size_t n_option_rows;

/* The first option given that a command with these NEEDS_* bits does not accept, or NULL. */
const struct option_row *options_misfit(const struct options *o, unsigned accepts);

/* Parse. argv is reordered; *out points into it. 0, or -EINVAL with the sentence in err. */
int options_parse(int argc, char **argv, struct options *out, struct sl_err *err);

#endif
