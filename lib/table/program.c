/* SPDX-License-Identifier: BSD-3-Clause */

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <rte_bpf.h>
#include <rte_errno.h>

#include "base/splitmix.h"
#include "table/program.h"

static_assert(sizeof(struct program_flow) == 40, "as in examples/sched/sluice_sched.h");
static_assert(offsetof(struct program_call, flow) == 0, "helpers find the call by the flow");

/* Helpers. The verifier has proven that `flow` is the pointer which the program was given. */

static uint64_t members(uint64_t flow, uint64_t b, uint64_t c, uint64_t d, uint64_t e)
{
	return ((const struct program_flow *)(uintptr_t)flow)->members;
}

static uint64_t load(uint64_t flow, uint64_t member, uint64_t c, uint64_t d, uint64_t e)
{
	const struct program_call *call = (const void *)(uintptr_t)flow;

	return member < call->flow.members ? call->load(call, member) : UINT64_MAX;
}

/* The flow's hash, mixed with a number. */
static uint64_t hash(uint64_t flow, uint64_t seed, uint64_t c, uint64_t d, uint64_t e)
{
	const struct program_flow *f = (const struct program_flow *)(uintptr_t)flow;

	return splitmix_scatter(f->hash + seed * SPLITMIX_STEP);
}

#define FLOW                                                                 \
	{                                                                    \
		.type = RTE_BPF_ARG_PTR, .size = sizeof(struct program_flow) \
	}
#define NUMBER                                                    \
	{                                                         \
		.type = RTE_BPF_ARG_RAW, .size = sizeof(uint64_t) \
	}

static const struct rte_bpf_xsym helpers[] = {
	{"sluice_members", RTE_BPF_XTYPE_FUNC, .func = {members, 1, {FLOW}, NUMBER}},
	{"sluice_load", RTE_BPF_XTYPE_FUNC, .func = {load, 2, {FLOW, NUMBER}, NUMBER}},
	{"sluice_hash", RTE_BPF_XTYPE_FUNC, .func = {hash, 2, {FLOW, NUMBER}, NUMBER}},
};

/* librte_bpf says "invalid argument" for a file it cannot open too, and waits at a FIFO. */
static int can_read(const char *path, struct sl_err *err)
{
	const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;

	if (fd < 0)
		return sl_err_sys(err, -errno, "program %s", path);
	const bool regular = fstat(fd, &st) == 0 && S_ISREG(st.st_mode);

	close(fd);
	return regular ? 0 : sl_err_add(err, "program %s is not a regular file", path);
}

int program_load(const char *path, uint64_t stamp, struct sched_program **out, struct sl_err *err)
{
	const struct rte_bpf_prm prm = {
		.xsym = helpers,
		.nb_xsym = sizeof helpers / sizeof *helpers,
		.prog_arg = FLOW,
	};
	struct sched_program *p = calloc(1, sizeof *p);
	struct rte_bpf_jit jit = {0};

	*out = NULL;
	if (!p)
		return sl_err_sys(err, -ENOMEM, "program %s", path);
	if (can_read(path, err)) {
		free(p);
		return -EINVAL;
	}
	p->bpf = rte_bpf_elf_load(&prm, path, PROGRAM_SECTION);
	if (!p->bpf) {
		free(p);
		return sl_err_add(err,
			"program %s is refused: it must be an eBPF object with a function in "
			"section \"" PROGRAM_SECTION
			"\", without loops and maps, that calls nothing but sluice_members, "
			"sluice_load and sluice_hash, and reads nothing but its argument",
			path);
	}
	rte_bpf_get_jit(p->bpf, &jit);
	p->run = jit.func;
	p->refs = 1;
	p->stamp = stamp;
	snprintf(p->path, sizeof p->path, "%s", path);
	*out = p;
	return 0;
}

struct sched_program *program_ref(struct sched_program *p)
{
	__atomic_fetch_add(&p->refs, 1, __ATOMIC_RELAXED);
	return p;
}

void program_unref(struct sched_program *p)
{
	if (!p || __atomic_sub_fetch(&p->refs, 1, __ATOMIC_ACQ_REL))
		return;
	rte_bpf_destroy(p->bpf);
	free(p);
}

uint64_t program_run(const struct sched_program *p, struct program_call *call)
{
	return p->run ? p->run(&call->flow) : rte_bpf_exec(p->bpf, &call->flow);
}
