/* SPDX-License-Identifier: BSD-3-Clause */

#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>

#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_lcore.h>
#include <rte_log.h>

#include "base/log.h"
#include "eal.h"

#define EAL_ARGS_MAX 128

static void add_cpu(
	struct eal_cpus *out, uint32_t wanted, const cpu_set_t *allowed, uint32_t *spare)
{
	uint32_t cpu = wanted;

	if (out->n == CPU_SETSIZE)
		return;
	if (cpu >= CPU_SETSIZE || !CPU_ISSET(cpu, allowed)) {
		/* round robin over what there is */
		do
			*spare = (*spare + 1) % CPU_SETSIZE;
		while (!CPU_ISSET(*spare, allowed));
		cpu = *spare;
		out->moved = true;
	}
	for (uint32_t i = 0; i < out->n; i++)
		out->shared |= out->cpu[i] == cpu;
	out->cpu[out->n++] = cpu;
}

void eal_plan_cpus(const struct conf *conf, const cpu_set_t *allowed, struct eal_cpus *out)
{
	uint32_t spare = CPU_SETSIZE - 1;

	*out = (struct eal_cpus){0};
	add_cpu(out, conf->eal.main_lcore, allowed, &spare);
	for (size_t i = 0; i < conf->eal.n_workers; i++)
		add_cpu(out, conf->eal.workers[i], allowed, &spare);
	for (uint32_t cpu = 0; !conf->eal.n_workers && cpu < CPU_SETSIZE; cpu++)
		if (CPU_ISSET(cpu, allowed) && cpu != out->cpu[0])
			add_cpu(out, cpu, allowed, &spare);
	if (out->n == 1) /* a single CPU: the worker has to share it */
		add_cpu(out, out->cpu[0], allowed, &spare);
}

void eal_format_lcores(const struct eal_cpus *cpus, char *buf, size_t size)
{
	bool same = !cpus->shared;
	size_t used = 0;

	for (uint32_t i = 0; i < cpus->n; i++)
		same &= cpus->cpu[i] < RTE_MAX_LCORE;
	buf[0] = 0;
	for (uint32_t i = 0; i < cpus->n && used < size; i++)
		used += (size_t)snprintf(buf + used, size - used, "%s%u@%u", i ? "," : "",
			same ? cpus->cpu[i] : i, cpus->cpu[i]);
}

/* The number of free hugepages of any size. */
static unsigned long free_hugepages(void)
{
	unsigned long sum = 0, n;
	glob_t g;

	if (glob("/sys/kernel/mm/hugepages/hugepages-*/free_hugepages", 0, NULL, &g) != 0)
		return 0;
	for (size_t i = 0; i < g.gl_pathc; i++) {
		FILE *f = fopen(g.gl_pathv[i], "r");

		if (f && fscanf(f, "%lu", &n) == 1)
			sum += n;
		if (f)
			fclose(f);
	}
	globfree(&g);
	return sum;
}

struct argv {
	char *v[EAL_ARGS_MAX + 1];
	int n;
};

static void add(struct argv *a, const char *text)
{
	if (a->n < EAL_ARGS_MAX)
		a->v[a->n++] = strdup(text);
}

static void argv_clear(struct argv *a)
{
	for (int i = 0; i < a->n; i++)
		free(a->v[i]);
	a->n = 0;
}

static void add2(struct argv *a, const char *option, const char *value)
{
	add(a, option);
	add(a, value);
}

/* Did the operator give one of these options (a NULL-terminated list), as "-x", "--x" or "--x=..."?
 */
static bool given(const struct argv *extra, const char *const *names)
{
	for (int i = 0; i < extra->n; i++)
		for (const char *const *name = names; *name; name++) {
			const size_t len = strlen(*name);

			if (strncmp(extra->v[i], *name, len) == 0 &&
				(extra->v[i][len] == 0 || extra->v[i][len] == '=' || len == 2))
				return true;
		}
	return false;
}

static void add_lcores(struct argv *a, const struct argv *extra, const struct conf *conf)
{
	static const char *const names[] = {
		"-l", "-c", "-s", "-S", "--lcores", "--main-lcore", NULL};
	struct eal_cpus cpus;
	cpu_set_t allowed;
	char text[4096], main_lcore[16];

	if (given(extra, names))
		return;
	if (sched_getaffinity(0, sizeof allowed, &allowed) != 0)
		CPU_SET(0, &allowed);
	eal_plan_cpus(conf, &allowed, &cpus);
	eal_format_lcores(&cpus, text, sizeof text);
	if (cpus.moved)
		log_warn("not all CPUs of eal.main_lcore and eal.workers can be used here: "
			 "running as --lcores '%s'",
			text);
	else if (cpus.shared)
		log_warn(
			"lcores share a CPU (--lcores '%s'): expect a fraction of the speed", text);
	add2(a, "--lcores", text);
	snprintf(main_lcore, sizeof main_lcore, "%u", (unsigned int)atoi(text));
	add2(a, "--main-lcore", main_lcore);
}

static void add_memory(
	struct argv *a, const struct argv *extra, const struct conf *conf, uint32_t need_mb)
{
	static const char *const names[] = {"--no-huge", "--in-memory", "--huge-dir", NULL};
	char mb[16];

	if (given(extra, names))
		return;
	if (conf->eal.huge && free_hugepages()) {
		add(a, "--in-memory");
		return;
	}
	if (conf->eal.huge)
		log_warn("no free hugepages: running without, which costs some speed; reserve with "
			 "'echo 512 > /proc/sys/vm/nr_hugepages', or set eal.huge = false");
	snprintf(mb, sizeof mb, "%u", need_mb);
	add(a, "--no-huge");
	add2(a, "-m", mb);
}

static void compose(
	struct argv *a, const struct conf *conf, const struct argv *extra, uint32_t need_mb)
{
	add(a, "sluiced");
	add_lcores(a, extra, conf);
	add_memory(a, extra, conf, need_mb);
	add(a, "--no-pci");
	add2(a, "--file-prefix", conf->eal.file_prefix);
	if (conf->daemon.log_level != CONF_LOG_DEBUG)
		add(a, "--log-level=*:warning");
	for (int i = 0; i < extra->n; i++)
		add(a, extra->v[i]);
}

/* Lines that come at every start and mean nothing: a socket that nobody asked for, sizes of
 * hugepages that nobody reserved. */
static bool means_nothing(const char *text, size_t size)
{
	static const char *const noise[] = {"legacy socket", "hugepages reported on node"};

	for (size_t i = 0; i < sizeof noise / sizeof *noise; i++)
		if (memmem(text, size, noise[i], strlen(noise[i])))
			return true;
	return false;
}

/* DPDK's lines become lines of our log. */
static ssize_t on_dpdk_line(void *cookie, const char *text, size_t size)
{
	const int len = (int)(size && text[size - 1] == '\n' ? size - 1 : size);

	if (len && !means_nothing(text, size))
		log_warn("DPDK: %.*s", len, text);
	return (ssize_t)size;
}

static void take_over_log(void)
{
	const cookie_io_functions_t io = {.write = on_dpdk_line};
	FILE *f = fopencookie(NULL, "w", io);

	if (!f)
		return;
	setvbuf(f, NULL, _IOLBF, 512);
	rte_openlog_stream(f);
}

/* DPDK may point into its arguments until it is stopped. */
static struct argv kept;

int eal_start(
	const struct conf *conf, char **extra, int n_extra, uint32_t need_mb, struct sl_err *err)
{
	struct argv more = {0};
	char *v[EAL_ARGS_MAX + 1] = {NULL}; /* DPDK moves them about, and puts others in */
	int rc;

	for (size_t i = 0; i < conf->eal.n_args; i++)
		add(&more, conf->eal.args[i]);
	for (int i = 0; i < n_extra; i++)
		add(&more, extra[i]);
	compose(&kept, conf, &more, need_mb);
	argv_clear(&more);
	if (kept.n == EAL_ARGS_MAX) {
		argv_clear(&kept);
		return sl_err_add(err, "more than %d EAL arguments", EAL_ARGS_MAX);
	}
	memcpy(v, kept.v, sizeof *v * (size_t)kept.n);
	take_over_log();
	rc = rte_eal_init(kept.n, v);
	if (rc < 0)
		return sl_err_sys(err, rte_errno ? rte_errno : EBUSY,
			"DPDK does not start; its lines above say why. An argument that it does "
			"not "
			"know? Another sluiced with eal.file_prefix = \"%s\"? No right to write to "
			"/run/dpdk?",
			conf->eal.file_prefix);
	return 0;
}

void eal_stop(void)
{
	rte_eal_cleanup();
	argv_clear(&kept);
}
