/* SPDX-License-Identifier: BSD-3-Clause */

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <event2/event.h>

#include "apply.h"
#include "conf/save.h"
#include "save.h"
#include "whole_file.h"

struct save {
	/* for the thread, which has them until it rings done_fd */
	pthread_t thread;
	struct version *version; /* what is saved; held */
	char *text;
	size_t len;
	char *path;
	int done_fd;
	int rc;            /* written by the thread */
	struct sl_err err; /* the same */

	/* control thread */
	struct daemon *d;
	struct event *done;
	struct ctl_call *call; /* NULL: its client is gone */
	uint64_t rev;
};

static int render(struct save *s)
{
	FILE *f = open_memstream(&s->text, &s->len);
	int rc;

	if (!f)
		return sl_err_sys(&s->err, ENOMEM, "%s", s->path);
	fprintf(f, "// Written by sluiced at revision %" PRIu64 ".\n", s->rev);
	rc = conf_save(f, s->version->conf);
	return fclose(f) || rc ? sl_err_sys(&s->err, ENOMEM, "%s", s->path) : 0;
}

static void *save_main(void *arg)
{
	const uint64_t one = 1;
	struct save *s = arg;

	s->rc = render(s);
	if (!s->rc)
		s->rc = whole_file_write(s->path, s->text, s->len, &s->err);
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
	free(s->path);
	sl_err_clear(&s->err);
	free(s);
}

static void end(struct save *s)
{
	struct ctl_call *call = s->call;

	pthread_join(s->thread, NULL);
	s->d->save = NULL;
	if (call && s->rc)
		change_refuse(call, s->rc, &s->err);
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

	if (!s)
		return NULL;
	s->d = d;
	s->version = version_get(wanted);
	s->rev = wanted->rev;
	s->done_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (asprintf(&s->path, "%s/running.conf", wanted->conf->daemon.state_dir) < 0)
		s->path = NULL;
	if (s->done_fd >= 0)
		s->done = event_new(d->base, s->done_fd, EV_READ, on_done, s);
	if (s->path && s->done && event_add(s->done, NULL) == 0)
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

	if (d->trial.back)
		return ctl_call_fail(call, EBUSY,
			"sluicectl config confirm, or config undo, then save",
			"revision %" PRIu64 " waits for its confirmation", d->trial.applied->rev);
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
