/* SPDX-License-Identifier: BSD-3-Clause */

/* The command line of sluiced. */

#ifndef SLUICED_OPTIONS_H
#define SLUICED_OPTIONS_H

#include <stdbool.h>

struct options {
	const char *config; /* path of the configuration */
	bool check;         /* only read and prove it */
	char **eal_args;    /* what stood after "--" */
	int n_eal_args;
};

enum options_result {
	OPTIONS_RUN,   /* go on */
	OPTIONS_DONE,  /* help or version was printed: exit 0 */
	OPTIONS_WRONG, /* a message was printed: exit 1 */
};

enum options_result options_parse(struct options *o, int argc, char **argv);

#endif
