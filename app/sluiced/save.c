/* SPDX-License-Identifier: BSD-3-Clause */

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <event2/event.h>

#include "apply.h"
#include "conf/save.h"
#include "save.h"

struct save {
	/* for the thread, which has them until it rings done_fd */
	pthread_t thread;
	struct version *version; /* what is saved; held */
	char *text;
	size_t len;
	char *dir, *path, *temporary;
	int done_fd;
	int rc;           /* written by the thread */
	const char *step; /* the same: what failed */

	/* control thread */
	struct daemon *d;
	struct event *done;
	struct ctl_call *call; /* NULL: its client is gone */
	uint64_t rev;
};

static int failed(struct save *s, const char *step)
{
	s->step = step;
	return -errno;
}

static int write_all(struct save *s, int fd)
{
	for (size_t at = 0; at < s->len;) {
		const ssize_t n = write(fd, s->text + at, s->len - at);

		if (n < 0 && errno != EINTR)
			return failed(s, "write");
		if (n > 0)
			at += (size_t)n;
	}
	if (fchmod(fd, 0640))
		return failed(s, "chmod");
	return fsync(fd) ? failed(s, "fsync") : 0;
}

/* The rename itself is on the disk when its directory is. */
static int sync_dir(struct save *s)
{
	const int fd = open(s->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int rc;

	if (fd < 0)
		return failed(s, "open");
	rc = fsync(fd) ? failed(s, "fsync") : 0;
	close(fd);
	return rc;
}

static int write_file(struct save *s)
{
	int fd, rc;

	if (mkdir(s->dir, 0750) && errno != EEXIST)
		return failed(s, "mkdir");
	fd = mkostemp(s->temporary, O_CLOEXEC);
	if (fd < 0)
		return failed(s, "create");
	rc = write_all(s, fd);
	if (close(fd) && !rc)
		rc = failed(s, "close");
	if (!rc && rename(s->temporary, s->path))
		rc = failed(s, "rename");
	if (rc)
		unlink(s->temporary);
	return rc ? rc : sync_dir(s);
}

static int render(struct save *s)
{
	FILE *f = open_memstream(&s->text, &s->len);
	int rc;

	s->step = "render";
	if (!f)
		return -ENOMEM;
	fprintf(f, "// Written by sluiced at revision %" PRIu64 ".\n", s->rev);
	rc = conf_save(f, s->version->conf);
	return fclose(f) ? -ENOMEM : rc;
}

static void *save_main(void *arg)
{
	const uint64_t one = 1;
	struct save *s = arg;

	s->rc = render(s);
	if (!s->rc)
		s->rc = write_file(s);
	while (write(s->done_fd, &one, sizeof one) < 0 && errno == EINTR)
		;
	return NULL;
}

static void save_free(struct save *s)
{
	if (s->done)
		event_free(s->done);
	if (s->done_fd >= 0)
		close(s->done_fd);
	version_put(s->version);
	free(s->text);
	free(s->dir);
	free(s->path);
	free(s->temporary);
	free(s);
}

static void end(struct save *s)
{
	struct ctl_call *call = s->call;

	pthread_join(s->thread, NULL);
	s->d->save = NULL;
	if (call && s->rc)
		ctl_call_fail(call, s->rc, NULL, "%s: %s: %s", s->path, s->step, strerror(-s->rc));
	else if (call)
		json_object_set_new(ctl_call_data(call), "path", json_string(s->path));
	if (call) {
		ctl_call_set_rev(call, s->rev);
		ctl_call_finish(call);
	}
	save_free(s);
}

static void on_done(evutil_socket_t fd, short what, void *arg)
{
	end(arg);
}

static struct save *save_new(struct daemon *d)
{
	struct save *s = calloc(1, sizeof *s);
	struct version *wanted = apply_wanted(d);
	const char *dir = wanted->conf->daemon.state_dir;

	if (!s)
		return NULL;
	s->d = d;
	s->version = version_get(wanted);
	s->rev = wanted->rev;
	s->dir = strdup(dir);
	s->done_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (asprintf(&s->path, "%s/running.conf", dir) < 0)
		s->path = NULL;
	if (asprintf(&s->temporary, "%s/running.conf.XXXXXX", dir) < 0)
		s->temporary = NULL;
	if (s->done_fd >= 0)
		s->done = event_new(d->base, s->done_fd, EV_READ, on_done, s);
	if (s->dir && s->path && s->temporary && s->done && event_add(s->done, NULL) == 0)
		return s;
	save_free(s);
	return NULL;
}

/* The file is written all the same. */
static void forget_call(void *save)
{
	((struct save *)save)->call = NULL;
}

int save_command(struct ctl_call *call, void *daemon)
{
	struct daemon *d = daemon;
	struct save *s;

	if (d->save)
		return ctl_call_fail(call, EBUSY, "ask again", "another save is under way");
	s = save_new(d);
	if (!s || pthread_create(&s->thread, NULL, save_main, s)) {
		if (s)
			save_free(s);
		return ctl_call_fail(call, ENOMEM, NULL, "no memory to save the configuration");
	}
	d->save = s;
	s->call = call;
	return ctl_call_later(call, forget_call, s);
}

void save_clear(struct daemon *d)
{
	if (d->save)
		end(d->save);
}
