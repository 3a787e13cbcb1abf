/* SPDX-License-Identifier: BSD-3-Clause */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "conf/save.h"
#include "trial_note.h"
#include "whole_file.h"

#define HEAD "// Written by sluiced: what was before configuration "

static char *path_in(const char *state_dir)
{
	char *path;

	return asprintf(&path, "%s/unconfirmed.conf", state_dir) < 0 ? NULL : path;
}

static int no_memory(struct sl_err *err)
{
	return sl_err_sys(err, ENOMEM, "unconfirmed.conf");
}

/* FNV-1a, 64 bits (draft-eastlake-fnv). */
static uint64_t sum(const char *text, size_t len)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < len; i++)
		h = (h ^ (uint8_t)text[i]) * UINT64_C(0x100000001b3);
	return h;
}

static int sum_conf(const struct conf *conf, uint64_t *out)
{
	char *text = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);
	int rc = f ? conf_save(f, conf) : -ENOMEM;

	if (f && fclose(f))
		rc = -ENOMEM;
	if (!rc)
		*out = sum(text, len);
	free(text);
	return rc;
}

static int render(uint64_t of, const struct conf *before, char **text, size_t *len)
{
	FILE *f = open_memstream(text, len);
	int rc;

	if (!f)
		return -ENOMEM;
	fprintf(f, HEAD "%016" PRIx64 ",\n// which was applied for a time and is not confirmed.\n",
		of);
	rc = conf_save(f, before);
	return fclose(f) ? -ENOMEM : rc;
}

int trial_note_write(const struct conf *applied, const struct conf *before, struct sl_err *err)
{
	char *path = path_in(applied->daemon.state_dir), *text = NULL;
	size_t len = 0;
	uint64_t of;
	int rc;

	if (!path || sum_conf(applied, &of) || render(of, before, &text, &len))
		rc = no_memory(err);
	else
		rc = whole_file_write(path, text, len, err);
	free(text);
	free(path);
	return rc;
}

int trial_note_remove(const char *state_dir, struct sl_err *err)
{
	char *path = path_in(state_dir);
	const int rc = path ? whole_file_remove(path, err) : no_memory(err);

	free(path);
	return rc;
}

/* Which configuration a note is about. 0, -ENOENT or -EINVAL. */
static int read_head(const char *path, uint64_t *of)
{
	FILE *f = fopen(path, "re");
	int rc;

	if (!f)
		return errno == ENOENT || errno == ENOTDIR ? -ENOENT : -errno;
	rc = fscanf(f, HEAD "%16" SCNx64, of) == 1 ? 0 : -EINVAL;
	fclose(f);
	return rc;
}

static int read_note(
	const char *path, const struct conf *file, struct conf **before, struct sl_err *err)
{
	uint64_t of, is;
	int rc = read_head(path, &of);

	if (rc == -ENOENT)
		return rc;
	if (rc)
		return sl_err_sys(err, rc, "%s", path);
	if (sum_conf(file, &is))
		return no_memory(err);
	if (of == is)
		return conf_read(path, before, err);
	rc = whole_file_remove(path, err);
	return rc ? rc : -ENOENT;
}

int trial_note_find(const struct conf *file, struct conf **before, struct sl_err *err)
{
	char *path = path_in(file->daemon.state_dir);
	int rc;

	*before = NULL;
	rc = path ? read_note(path, file, before, err) : no_memory(err);
	free(path);
	return rc;
}
