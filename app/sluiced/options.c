/* SPDX-License-Identifier: BSD-3-Clause */

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "options.h"

static const struct {
	struct option option;
	const char *argument;
	const char *help;
} rows[] = {
	{{"config", required_argument, NULL, 'c'}, " FILE", "the configuration (required)"},
	{{"check", no_argument, NULL, 'k'}, "", "read and prove the configuration, then exit"},
	{{"version", no_argument, NULL, 'v'}, "", "print the version"},
	{{"help", no_argument, NULL, 'h'}, "", "print this text"},
};

#define ROWS (sizeof rows / sizeof *rows)

static void print_help(void)
{
	printf("usage: sluiced -c FILE [--check] [-- EAL ARGS...]\n\n"
	       "Sluice, an L4 load balancer. EAL arguments come last and win over the "
	       "configuration.\n\n");
	for (size_t i = 0; i < ROWS; i++) {
		char name[32];

		snprintf(name, sizeof name, "%s--%s%s", rows[i].option.val == 'c' ? "-c, " : "    ",
			rows[i].option.name, rows[i].argument);
		printf("  %-20s %s\n", name, rows[i].help);
	}
	printf("\nSIGHUP reloads the configuration. SIGTERM and SIGINT end the daemon.\n");
}

enum options_result options_parse(struct options *o, int argc, char **argv)
{
	struct option longs[ROWS + 1] = {0};
	int c;

	memset(o, 0, sizeof *o);
	for (size_t i = 0; i < ROWS; i++)
		longs[i] = rows[i].option;
	while ((c = getopt_long(argc, argv, "+c:", longs, NULL)) != -1) {
		switch (c) {
		case 'c':
			o->config = optarg;
			break;
		case 'k':
			o->check = true;
			break;
		case 'v':
			printf("sluiced %s\n", SLUICE_VERSION);
			return OPTIONS_DONE;
		case 'h':
			print_help();
			return OPTIONS_DONE;
		default:
			fprintf(stderr, "sluiced --help lists the options\n");
			return OPTIONS_WRONG;
		}
	}
	if (optind < argc && strcmp(argv[optind - 1], "--") != 0) {
		fprintf(stderr, "sluiced: \"%s\" is no option; EAL arguments go after --\n",
			argv[optind]);
		return OPTIONS_WRONG;
	}
	if (!o->config) {
		fprintf(stderr, "sluiced: no configuration: say -c FILE\n");
		return OPTIONS_WRONG;
	}
	o->eal_args = argv + optind;
	o->n_eal_args = argc - optind;
	return OPTIONS_RUN;
}
