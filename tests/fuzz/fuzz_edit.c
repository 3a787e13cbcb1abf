/* SPDX-License-Identifier: BSD-3-Clause */

/* Edits made of any bytes, on a small configuration: whatever is taken is saved, loaded and
 * compared alike. A line is "LIST|NAME/NAME|KEY|TEXT"; LIST "" is the whole; KEY "+" adds the
 * object, "-" deletes it, TEXT "" unsets the key. build-fuzz/tests/fuzz/fuzz_edit
 * -max_total_time=60 CORPUS */

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/diff.h"
#include "conf/edit.h"
#include "conf/save.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* libconfig 1.5 has no destructor for the text of a token that its parser throws away at a syntax
 * error. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
	return "leak:libconfig\n";
}

static const char start[] =
	"ports = ( { name = \"wan\"; driver = \"af_xdp\"; interface = \"eth1\"; } );"
	"pools = ( { name = \"p\"; backends = ( { name = \"b\"; address = \"10.0.0.1\"; } ); } );"
	"vips = ( { name = \"v\"; address = \"203.0.113.1\"; port = 80; pool = \"p\"; } );";

static void edit(struct conf *conf, char *line)
{
	const char *list = strsep(&line, "|"), *key, *text;
	char *path = line ? strsep(&line, "|") : NULL;
	const char *names[EDIT_DEPTH_MAX] = {"", "", "", ""};
	struct edit_object o = edit_top(conf);

	for (size_t i = 0; path && i < EDIT_DEPTH_MAX; i++)
		names[i] = strsep(&path, "/");
	key = line ? strsep(&line, "|") : NULL;
	text = line;
	if (!key)
		return;
	if (strcmp(key, "+") == 0)
		edit_add(conf, list, names, &o, NULL);
	else if (strcmp(key, "-") == 0)
		edit_delete(conf, list, names, NULL);
	else if (!*list || edit_find(conf, list, names, &o, NULL) == 0)
		(void)(text && *text ? edit_set_text(conf, &o, key, text, NULL)
				     : edit_unset(conf, &o, key, NULL));
}

static char *saved(const struct conf *conf)
{
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	if (!f || conf_save(f, conf) || fclose(f))
		abort();
	return text;
}

/* An added object that was given no address cannot be loaded: only what checks is compared. */
static void compare(struct conf *conf)
{
	struct conf *again = NULL, *copy = conf_clone(conf);
	char *text = saved(conf);

	if (!copy || conf_equal(conf, copy) != 1)
		abort();
	if (conf_check(copy, NULL) == 0) {
		if (conf_load_text(text, "saved", &again, NULL) || conf_equal(conf, again) != 1)
			abort();
	}
	conf_free(again);
	conf_free(copy);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct conf *first, *conf;
	char *text, *rest, *line;

	if (conf_load_text(start, "start", &first, NULL))
		abort();
	conf = conf_clone(first);
	conf_free(first);
	rest = text = malloc(size + 1);
	if (!conf || !text)
		abort();
	for (size_t i = 0; i < size; i++)
		text[i] = (char)(data[i] & 0x7f); /* what comes by JSON is UTF-8 */
	text[size] = '\0';
	while ((line = strsep(&rest, "\n")))
		edit(conf, line);
	compare(conf);
	conf_free(conf);
	free(text);
	return 0;
}
