/* SPDX-License-Identifier: BSD-3-Clause */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "whole_file.h"

/* What is done to one file, and where its name is in a message. */
struct work {
	const char *path;
	char *dir, *temporary;
	struct sl_err *err;
};

static int failed(const struct work *w, const char *step)
{
	sl_err_sys(w->err, errno, "%s: %s", w->path, step);
	return -EIO;
}

static int write_all(const struct work *w, int fd, const char *text, size_t len)
{
	for (size_t at = 0; at < len;) {
		const ssize_t n = write(fd, text + at, len - at);

		if (n < 0 && errno != EINTR)
			return failed(w, "write");
		if (n > 0)
			at += (size_t)n;
	}
	if (fchmod(fd, 0640))
		return failed(w, "chmod");
	return fsync(fd) ? failed(w, "fsync") : 0;
}

/* A name is on the disk when its directory is. */
static int sync_dir(const struct work *w)
{
	const int fd = open(w->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int rc;

	if (fd < 0)
		return failed(w, "open");
	rc = fsync(fd) ? failed(w, "fsync") : 0;
	close(fd);
	return rc;
}

static int write_file(const struct work *w, const char *text, size_t len)
{
	int fd, rc;

	if (mkdir(w->dir, 0750) && errno != EEXIST)
		return failed(w, "mkdir");
	fd = mkostemp(w->temporary, O_CLOEXEC);
	if (fd < 0)
		return failed(w, "create");
	rc = write_all(w, fd, text, len);
	if (close(fd) && !rc)
		rc = failed(w, "close");
	if (!rc && rename(w->temporary, w->path))
		rc = failed(w, "rename");
	if (rc)
		unlink(w->temporary);
	return rc ? rc : sync_dir(w);
}

static int begin(struct work *w, const char *path, struct sl_err *err)
{
	const char *slash = strrchr(path, '/');

	*w = (struct work){.path = path, .err = err};
	w->dir = slash ? strndup(path, slash > path ? (size_t)(slash - path) : 1) : strdup(".");
	if (asprintf(&w->temporary, "%s.XXXXXX", path) < 0)
		w->temporary = NULL;
	return w->dir && w->temporary ? 0 : sl_err_sys(err, ENOMEM, "%s", path);
}

static void end(struct work *w)
{
	free(w->dir);
	free(w->temporary);
}

int whole_file_write(const char *path, const char *text, size_t len, struct sl_err *err)
{
	struct work w;
	int rc = begin(&w, path, err);

	if (!rc)
		rc = write_file(&w, text, len);
	end(&w);
	return rc;
}

int whole_file_remove(const char *path, struct sl_err *err)
{
	struct work w;
	int rc = begin(&w, path, err);

	if (!rc && unlink(path) == 0)
		rc = sync_dir(&w);
	else if (!rc && errno != ENOENT && errno != ENOTDIR)
		rc = failed(&w, "unlink");
	end(&w);
	return rc;
}
