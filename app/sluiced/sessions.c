/* SPDX-License-Identifier: BSD-3-Clause */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "sessions.h"

/* Seconds for a round over the table. */
#define ROUND_S 4

int sessions_open(struct daemon *d, const struct conf *conf)
{
	uint8_t secret[HASH_SECRET_BYTES];
	struct sessions *s = calloc(1, sizeof *s);

	if (!s)
		return -ENOMEM;
	d->sessions = s;
	if (getrandom(secret, sizeof secret, 0) != sizeof secret)
		return -EIO;
	s->pools = ids_new(SESSIONS_POOLS);
	s->table = session_new(conf->flows.sessions, secret);
	if (!s->pools || !s->table)
		return -ENOMEM;
	s->table->clock = (uint32_t)(daemon_now_ms() / 1000);
	for (uint32_t i = 0; i < d->n_lanes; i++)
		d->lanes[i]->sessions = s->table;
	return 0;
}

void sessions_close(struct daemon *d)
{
	if (!d->sessions)
		return;
	ids_free(d->sessions->pools);
	session_free(d->sessions->table);
	free(d->sessions);
	d->sessions = NULL;
}

int sessions_number_pools(struct daemon *d, struct build_job *job, struct sl_err *err)
{
	const struct conf *conf = job->conf;
	const char **keys = calloc(conf->n_pools + 1, sizeof *keys);
	int rc = -ENOMEM;

	for (size_t i = 0; keys && i < conf->n_pools; i++)
		keys[i] = conf->pools[i].name;
	if (keys)
		rc = ids_assign(
			d->sessions->pools, keys, conf->n_pools, job->number, job->pools, err);
	free(keys);
	return rc;
}

void sessions_follow(struct daemon *d)
{
	struct sessions *s = d->sessions;
	const struct build_job *job = d->running;

	if (s->job == job->number)
		return;
	s->job = job->number;
	memset(s->persist_s, 0, sizeof s->persist_s);
	memset(s->name, 0, sizeof s->name);
	for (size_t i = 0; i < job->conf->n_pools; i++) {
		s->persist_s[job->pools[i]] = job->conf->pools[i].persist_s;
		s->name[job->pools[i]] = job->conf->pools[i].name;
	}
}

/* Is it over? One whose client cannot be told, since it is just being written, is left for the next
 * round. */
static bool is_over(const struct sessions *s, uint32_t i, uint64_t word)
{
	struct session_client c;
	uint64_t again;
	const uint32_t idle_s = session_idle_s(s->table, word);

	if (idle_s > SESSION_MOST_S)
		return true;
	if (!session_read(s->table, i, &again, &c) || again != word)
		return false;
	return c.pool >= SESSIONS_POOLS || idle_s > s->persist_s[c.pool];
}

static void sweep(struct sessions *s)
{
	const uint32_t n = session_words(s->table);

	for (uint32_t left = (n + ROUND_S - 1) / ROUND_S; left; left--) {
		const uint64_t word = __atomic_load_n(&s->table->word[s->next], __ATOMIC_RELAXED);

		if (word && is_over(s, s->next, word) && session_forget(s->table, s->next, word))
			s->expired++;
		else
			s->seen += word != 0;
		if (++s->next < n)
			continue;
		s->next = 0;
		s->entries = s->seen;
		s->seen = 0;
	}
}

void sessions_tick(struct daemon *d)
{
	struct sessions *s = d->sessions;

	__atomic_store_n(&s->table->clock, (uint32_t)(daemon_now_ms() / 1000), __ATOMIC_RELAXED);
	sessions_follow(d);
	sweep(s);
}
