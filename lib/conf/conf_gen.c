/* SPDX-License-Identifier: BSD-3-Clause */

/* Build-time program: writes what is generated from the schema rows.
 *     sluice-conf-gen --full           config/sluice.full.conf to stdout
 *     sluice-conf-gen --doc            the table of keys to stdout
 *     sluice-conf-gen --update ROOT    both into the source tree, the table between its markers */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/schema.h"

static const char begin_marker[] = "<!-- keys: generated -->\n";
static const char end_marker[] = "<!-- keys: end -->\n";

static int complain(const char *path)
{
	fprintf(stderr, "sluice-conf-gen: %s: %s\n", path, strerror(errno));
	return 1;
}

static int write_full(const char *root)
{
	char path[4096];
	FILE *f;

	snprintf(path, sizeof path, "%s/config/sluice.full.conf", root);
	f = fopen(path, "w");
	if (!f)
		return complain(path);
	conf_write_full(f);
	return fclose(f) ? complain(path) : 0;
}

static int write_doc(const char *root)
{
	static char text[1 << 20];
	const char *from, *to;
	char path[4096];
	FILE *f;

	snprintf(path, sizeof path, "%s/docs/config.md", root);
	f = fopen(path, "r");
	if (!f)
		return complain(path);
	text[fread(text, 1, sizeof text - 1, f)] = '\0';
	fclose(f);
	from = strstr(text, begin_marker);
	to = from ? strstr(from, end_marker) : NULL;
	if (!to) {
		fprintf(stderr, "sluice-conf-gen: %s: markers not found\n", path);
		return 1;
	}
	from += sizeof begin_marker - 1;
	f = fopen(path, "w");
	if (!f)
		return complain(path);
	fwrite(text, 1, (size_t)(from - text), f);
	conf_write_doc(f);
	fputs(to, f);
	return fclose(f) ? complain(path) : 0;
}

int main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "--full") == 0)
		conf_write_full(stdout);
	else if (argc == 2 && strcmp(argv[1], "--doc") == 0)
		conf_write_doc(stdout);
	else if (argc == 3 && strcmp(argv[1], "--update") == 0)
		return write_full(argv[2]) || write_doc(argv[2]);
	else {
		fputs("usage: sluice-conf-gen --full | --doc | --update ROOT\n", stderr);
		return 2;
	}
	return fflush(stdout) ? 1 : 0;
}
