/* SPDX-License-Identifier: BSD-3-Clause */

#include <errno.h>
#include <libconfig.h>
#include <string.h>

#include "conf/arena.h"
#include "conf/clone.h"
#include "conf/load.h"
#include "conf/read.h"
#include "conf/scan.h"

/* The scanned text through libconfig into read->conf. */
static int parse(struct read *read)
{
	struct conf_place place;
	config_t config;
	int rc = 0;

	config_init(&config);
	if (config_read_string(&config, read->text->text)) {
		read_file(read, config_root_setting(&config));
	} else {
		place = scan_place(read->text, (unsigned int)config_error_line(&config));
		rc = sl_err_at(read->err, place.file, place.line, "%s", config_error_text(&config));
	}
	config_destroy(&config);
	return rc;
}

static struct conf *conf_new(void)
{
	struct conf_arena *arena = arena_new();
	struct conf *conf = arena ? arena_alloc(arena, 1, sizeof *conf) : NULL;

	if (conf)
		conf->arena = arena;
	else
		arena_free(arena);
	return conf;
}

/* text NULL: read the file `name`. */
static int load_any(const char *text, const char *name, struct conf **out, struct sl_err *err)
{
	struct scan_text scanned = {0};
	struct read read = {.conf = conf_new(), .text = &scanned, .err = err};
	int rc;

	*out = NULL;
	if (!read.conf)
		return sl_err_sys(err, ENOMEM, "%s", name);
	if (text)
		rc = scan_memory(&scanned, read.conf->arena, text, strlen(text), name, err);
	else
		rc = scan_file(&scanned, read.conf->arena, name, err);
	if (!rc)
		rc = parse(&read);
	if (!rc && read.no_memory)
		rc = -ENOMEM;
	if (rc == -ENOMEM)
		sl_err_sys(err, ENOMEM, "%s", name);
	if (rc)
		conf_free(read.conf);
	else
		*out = read.conf;
	if (!rc && read.mistakes > 0)
		rc = -EINVAL;
	scan_free(&scanned);
	return rc;
}

static int whole_or_nothing(int rc, struct conf **out)
{
	if (rc) {
		conf_free(*out);
		*out = NULL;
	}
	return rc;
}

int load_file(const char *path, struct conf **out, struct sl_err *err)
{
	return load_any(NULL, path, out, err);
}

int conf_load(const char *path, struct conf **out, struct sl_err *err)
{
	return whole_or_nothing(load_any(NULL, path, out, err), out);
}

int conf_load_text(const char *text, const char *name, struct conf **out, struct sl_err *err)
{
	return whole_or_nothing(load_any(text, name, out, err), out);
}

void conf_free(struct conf *conf)
{
	if (!conf)
		return;
	clone_return(conf);
	arena_free(conf->arena);
}
