/* SPDX-License-Identifier: BSD-3-Clause */

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <jansson.h>

#include "saved.h"

#define VERSION     2
#define BOOT_BYTES  40
/* No ejection is longer, and nobody is ejected so often (conf/schema.c). */
#define OUT_MOST_MS 86400000
#define TIMES_MOST  1000000
/* No set of backends comes near it; something else may be lying in the place of the file. */
#define MOST_BYTES  (64 << 20)

static void boot_id(char id[BOOT_BYTES])
{
	FILE *f = fopen("/proc/sys/kernel/random/boot_id", "re");

	if (!f || !fgets(id, BOOT_BYTES, f))
		strcpy(id, "?");
	id[strcspn(id, "\n")] = '\0';
	if (f)
		fclose(f);
}

/* -- Writing ---------------------------------------------------------------------------------- */

static void forget(struct saved_writer *w)
{
	free(w->path);
	free(w->beside);
	*w = (struct saved_writer){0};
}

int saved_begin(struct saved_writer *w, const char *path, uint64_t now_ms)
{
	char boot[BOOT_BYTES];
	int rc = -ENOMEM;

	*w = (struct saved_writer){.path = strdup(path)};
	if (asprintf(&w->beside, "%s.new", path) < 0)
		w->beside = NULL;
	if (w->path && w->beside) {
		w->f = fopen(w->beside, "we");
		rc = w->f ? 0 : -errno;
	}
	if (rc) {
		forget(w);
		return rc;
	}
	boot_id(boot);
	fprintf(w->f, "{\"version\":%d,\"boot\":\"%s\",\"at_ms\":%llu,\"rows\":[", VERSION, boot,
		(unsigned long long)now_ms);
	return 0;
}

/* Takes the row. */
static void add(struct saved_writer *w, json_t *row)
{
	if (!row)
		w->rc = -ENOMEM;
	else if (fputs(w->n++ ? ",\n" : "\n", w->f) == EOF || json_dumpf(row, w->f, JSON_COMPACT))
		w->rc = -EIO;
	json_decref(row);
}

void saved_add_pool(struct saved_writer *w, const struct saved_pool *p)
{
	add(w, json_pack("{s:s, s:s, s:I, s:b, s:b, s:b, s:I}", "pool", p->name, "reason",
		       decide_reason_name(p->reason), "since_ms", (json_int_t)p->since_ms,
		       "starting", p->memory.starting, "panic", p->memory.panic, "calm",
		       p->memory.calm, "calm_ms", (json_int_t)p->memory.calm_ms));
}

static void add_member(struct saved_writer *w, const char *kind, const struct saved_member *s)
{
	const struct member *m = &s->m;
	char address[SL_ADDR_STRLEN];

	add(w, json_pack("{s:s, s:s, s:s, s:I, s:b, s:I, s:f, s:I, s:b, s:I, s:b, s:f, s:f, s:b, "
			 "s:i, s:I, s:I}",
		       kind, s->pool, "address", sl_addr_format(&s->address, address), "state",
		       health_state_name(m->state), "since_ms", (json_int_t)m->since_ms, "ramping",
		       m->ramping, "ramp_ms", (json_int_t)m->ramp_ms, "penalty", m->penalty,
		       "penalty_ms", (json_int_t)m->penalty_ms, "suppressed", m->suppressed,
		       "suppressed_ms", (json_int_t)m->suppressed_ms, "measured", m->measured,
		       "latency_us", m->latency_us, "error_permille", m->error_permille, "ejected",
		       s->outlier.ejected, "times", (int)s->outlier.times, "eject_ms",
		       (json_int_t)s->outlier.since_ms, "out_ms", (json_int_t)s->outlier.out_ms));
}

void saved_add_member(struct saved_writer *w, const struct saved_member *s)
{
	add_member(w, "member", s);
}

void saved_add_held(struct saved_writer *w, const struct saved_member *s)
{
	add_member(w, "held", s);
}

void saved_add_freeze(struct saved_writer *w, const struct saved_freeze *f)
{
	add(w, json_pack("{s:s, s:I}", "freeze", freeze_why_name(f->why), "until_ms",
		       (json_int_t)f->until_ms));
}

void saved_add_check(struct saved_writer *w, const struct saved_check *c)
{
	add(w, json_pack("{s:s, s:s, s:I}", "check", c->key, "state", health_state_name(c->state),
		       "since_ms", (json_int_t)c->since_ms));
}

/* Not forced to the disk: after a crash of the machine the boot is another one anyway. */
int saved_end(struct saved_writer *w)
{
	int rc = w->rc;

	if (fputs("\n]}\n", w->f) == EOF && !rc)
		rc = -EIO;
	if (fclose(w->f) != 0 && !rc)
		rc = -errno;
	if (!rc && rename(w->beside, w->path) != 0)
		rc = -errno;
	if (rc)
		unlink(w->beside);
	forget(w);
	return rc;
}

void saved_abort(struct saved_writer *w)
{
	if (!w->f)
		return;
	fclose(w->f);
	unlink(w->beside);
	forget(w);
}

/* -- Reading ---------------------------------------------------------------------------------- */

static bool state_named(const char *name, enum health_state *out)
{
	for (int s = HEALTH_INIT; s <= HEALTH_DOWN; s++)
		if (strcmp(name, health_state_name((enum health_state)s)) == 0) {
			*out = (enum health_state)s;
			return true;
		}
	return false;
}

/* A time that was, as of now. */
static bool past(json_int_t ms, uint64_t now_ms, uint64_t *out)
{
	*out = (uint64_t)ms;
	return ms >= 0 && (uint64_t)ms <= now_ms;
}

static bool reason_named(const char *name, enum decide_reason *out)
{
	for (int r = 0; r < DECIDE_REASON_COUNT; r++)
		if (strcmp(name, decide_reason_name((enum decide_reason)r)) == 0) {
			*out = (enum decide_reason)r;
			return true;
		}
	return false;
}

static bool read_pool(json_t *row, uint64_t now_ms, struct saved_pool *p)
{
	const char *reason;
	json_int_t since, calm_ms;
	int starting, panic, calm;

	if (json_unpack(row, "{s:s, s:s, s:I, s:b, s:b, s:b, s:I !}", "pool", &p->name, "reason",
		    &reason, "since_ms", &since, "starting", &starting, "panic", &panic, "calm",
		    &calm, "calm_ms", &calm_ms) != 0)
		return false;
	p->memory = (struct decide_memory){.starting = starting, .panic = panic, .calm = calm};
	return reason_named(reason, &p->reason) && past(since, now_ms, &p->since_ms) &&
	       past(calm_ms, now_ms, &p->memory.calm_ms);
}

static bool read_member(json_t *row, const char *kind, uint64_t now_ms, struct saved_member *s)
{
	json_int_t since, ramp_ms, penalty_ms, suppressed_ms, eject_ms, out_ms;
	struct member *m = &s->m;
	const char *address, *state;
	int ramping, suppressed, measured, ejected, times;

	if (json_unpack(row,
		    "{s:s, s:s, s:s, s:I, s:b, s:I, s:F, s:I, s:b, s:I, s:b, s:F, s:F, s:b, s:i, "
		    "s:I, s:I !}",
		    kind, &s->pool, "address", &address, "state", &state, "since_ms", &since,
		    "ramping", &ramping, "ramp_ms", &ramp_ms, "penalty", &m->penalty, "penalty_ms",
		    &penalty_ms, "suppressed", &suppressed, "suppressed_ms", &suppressed_ms,
		    "measured", &measured, "latency_us", &m->latency_us, "error_permille",
		    &m->error_permille, "ejected", &ejected, "times", &times, "eject_ms", &eject_ms,
		    "out_ms", &out_ms) != 0)
		return false;
	m->ejected = ejected;
	s->outlier = (struct outlier){
		.ejected = ejected, .times = (uint32_t)times, .out_ms = (uint64_t)out_ms};
	m->ramping = ramping;
	m->suppressed = suppressed;
	m->measured = measured;
	return sl_addr_parse(address, &s->address) == 0 && state_named(state, &m->state) &&
	       past(since, now_ms, &m->since_ms) && past(ramp_ms, now_ms, &m->ramp_ms) &&
	       past(penalty_ms, now_ms, &m->penalty_ms) &&
	       past(eject_ms, now_ms, &s->outlier.since_ms) && times >= 0 && times <= TIMES_MOST &&
	       out_ms >= 0 && out_ms <= OUT_MOST_MS &&
	       past(suppressed_ms, now_ms, &m->suppressed_ms) && m->penalty >= 0 &&
	       m->penalty < 1e9 && m->latency_us >= 0 && m->latency_us < 1e12 &&
	       m->error_permille >= 0 && m->error_permille <= 1000;
}

static bool read_check(json_t *row, uint64_t now_ms, struct saved_check *c)
{
	const char *state;
	json_int_t since;

	return json_unpack(row, "{s:s, s:s, s:I !}", "check", &c->key, "state", &state, "since_ms",
		       &since) == 0 &&
	       state_named(state, &c->state) && past(since, now_ms, &c->since_ms);
}

static bool read_freeze(json_t *row, uint64_t now_ms, struct saved_freeze *f)
{
	const char *why;
	json_int_t until;

	if (json_unpack(row, "{s:s, s:I !}", "freeze", &why, "until_ms", &until) != 0 ||
		!freeze_why_named(why, &f->why))
		return false;
	f->until_ms = (uint64_t)until;
	return until >= 0 && f->until_ms <= now_ms + FREEZE_MOST_MS;
}

/* A row of any kind; r = NULL: only look whether it is understood. */
static bool read_row(json_t *row, uint64_t now_ms, const struct saved_reader *r)
{
	struct saved_pool p = {0};
	struct saved_member m = {0};
	struct saved_check c = {0};
	struct saved_freeze f = {0};
	bool good;

	if (json_object_get(row, "member")) {
		good = read_member(row, "member", now_ms, &m);
		if (good && r)
			r->member(r->ctx, &m);
	} else if (json_object_get(row, "held")) {
		good = read_member(row, "held", now_ms, &m);
		if (good && r)
			r->held(r->ctx, &m);
	} else if (json_object_get(row, "freeze")) {
		good = read_freeze(row, now_ms, &f);
		if (good && r)
			r->freeze(r->ctx, &f);
	} else if (json_object_get(row, "check")) {
		good = read_check(row, now_ms, &c);
		if (good && r)
			r->check(r->ctx, &c);
	} else {
		good = read_pool(row, now_ms, &p);
		if (good && r)
			r->pool(r->ctx, &p);
	}
	return good;
}

/* The head of the file: is it ours, and of now? */
static int judge_head(json_t *file, uint64_t now_ms, json_t **rows, uint64_t *age_ms,
	const char *path, struct sl_err *err)
{
	char boot[BOOT_BYTES];
	const char *of_boot;
	json_int_t at;
	uint64_t at_ms;
	int version;

	if (json_unpack(file, "{s:i}", "version", &version) != 0)
		return sl_err_add(err, "%s is not a file of states", path);
	if (version != VERSION)
		return sl_err_add(
			err, "%s is of another version, %d instead of %d", path, version, VERSION);
	if (json_unpack(file, "{s:s, s:I, s:o}", "boot", &of_boot, "at_ms", &at, "rows", rows) !=
			0 ||
		!json_is_array(*rows))
		return sl_err_add(err, "%s is not a file of states", path);
	boot_id(boot);
	if (strcmp(boot, of_boot) != 0) {
		sl_err_add(err, "%s is of another boot of this machine", path);
		return -ESTALE;
	}
	if (!past(at, now_ms, &at_ms))
		return sl_err_add(err, "%s is from the future", path);
	*age_ms = now_ms - at_ms;
	if (*age_ms < SAVED_MAX_AGE_MS)
		return 0;
	sl_err_add(err, "%s is %llu s old, more than %d s", path,
		(unsigned long long)*age_ms / 1000, SAVED_MAX_AGE_MS / 1000);
	return -ESTALE;
}

/* The file as JSON. NULL with *rc and, but for -ENOENT, a message. */
static json_t *load(const char *path, int *rc, struct sl_err *err)
{
	const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	json_t *file = NULL;
	json_error_t why;
	struct stat st;

	*rc = fd < 0 ? -errno : fstat(fd, &st) ? -errno : 0;
	if (*rc == -ENOENT)
		return NULL;
	if (*rc)
		sl_err_sys(err, *rc, "cannot read %s", path);
	else if (!S_ISREG(st.st_mode) || st.st_size > MOST_BYTES)
		*rc = sl_err_add(err, "%s is not a file of states", path);
	else
		file = json_loadfd(fd, JSON_REJECT_DUPLICATES, &why);
	if (!*rc && !file)
		*rc = sl_err_add(
			err, "%s is cut or no JSON, line %d: %s", path, why.line, why.text);
	if (fd >= 0)
		close(fd);
	return file;
}

int saved_read(const char *path, uint64_t now_ms, const struct saved_reader *r, uint64_t *age_ms,
	struct sl_err *err)
{
	json_t *rows, *row;
	size_t i;
	int rc;
	json_t *file = load(path, &rc, err);

	if (!file)
		return rc;
	rc = judge_head(file, now_ms, &rows, age_ms, path, err);
	if (!rc)
		json_array_foreach(rows, i, row) if (!read_row(row, now_ms, NULL))
		{
			rc = sl_err_add(err, "%s: row %zu is not understood", path, i + 1);
			break;
		}
	if (!rc)
		json_array_foreach(rows, i, row) read_row(row, now_ms, r);
	json_decref(file);
	return rc;
}
