/* SPDX-License-Identifier: BSD-3-Clause */

/* lib/health behind stdin and stdout, for health_model.py: one command a line, one answer a line.
 *
 *   I inter fast down rise fall now        a new check
 *   R ok|fail|neutral us now               a result         -> changed state streak stale interval
 *   X now                                  time passed      -> the same
 *   M require slow steps latency suppress reuse half max now   a new member
 *   J n up down stale ramp now             its checks  -> changed state flags weight of 1000 errors
 *   T now                                  time passed      -> the same
 *   L ok|fail|neutral us now               a measurement    -> the same
 *   C flows failures now                   traffic          -> the same
 *   O pct min interval eject most share    a new pool that ejects
 *   o now n {ready up flows failures}...   -> {changed out times} of each
 *   D panic below mode alldown             a new pool
 *   d now backup n {ready weight effective state suppressed ejected}...
 *                                          -> reason standing action borrow w_ok w_all share...
 */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "health/decide.h"
#include "health/member.h"
#include "health/outlier.h"

#define MOST 64

static struct health check;
static struct health_params check_params;
static struct member member;
static struct member_params params;
static struct decide_rules rules;
static struct decide_memory memory;
static struct outlier_rules outlier_rules;
static struct outlier outliers[MOST];
static uint64_t outlier_interval;

static uint64_t number(void)
{
	const char *word = strtok(NULL, " \n");

	return word ? strtoull(word, NULL, 10) : 0;
}

static enum health_code code(void)
{
	const char *word = strtok(NULL, " \n");

	if (!word || !strcmp(word, "neutral"))
		return HEALTH_CODE_SOCKERR;
	return strcmp(word, "ok") ? HEALTH_CODE_L4CON : HEALTH_CODE_L4OK;
}

static void say_check(bool changed, uint64_t now)
{
	printf("%d %s %u %d %u\n", changed, health_state_name(check.state), check.streak,
		health_is_stale(&check, now), health_interval_ms(&check, &check_params));
}

static void new_check(void)
{
	check_params.inter_ms = (uint32_t)number();
	check_params.fastinter_ms = (uint32_t)number();
	check_params.downinter_ms = (uint32_t)number();
	check_params.rise = (uint32_t)number();
	check_params.fall = (uint32_t)number();
	health_init(&check, number());
	puts("ok");
}

static void take_result(void)
{
	struct health_result r;
	const enum health_code c = code();

	health_result_set(&r, c, (uint32_t)number(), "driven");
	const uint64_t now = number();
	const bool changed = health_take(&check, &check_params, &r, now);

	say_check(changed, now);
}

static void say_member(unsigned int changed, uint64_t now)
{
	printf("%u %s %d%d%d %u %.3f\n", changed, health_state_name(member.state),
		member.suppressed, member.degraded, member.stale,
		member_weight(&member, &params, 1000, now),
		member.error_permille + 1e-7); /* both sides round ties alike */
}

static void new_member(void)
{
	params.require = (uint32_t)number();
	params.slow_start_ms = (uint32_t)number();
	params.slow_start_steps = (uint32_t)number();
	params.max_latency_us = (uint32_t)number();
	params.flap_suppress = (uint32_t)number();
	params.flap_reuse = (uint32_t)number();
	params.flap_half_life_ms = (uint32_t)number();
	params.flap_max_ms = (uint32_t)number();
	member_init(&member, number());
	puts("ok");
}

static void judge(void)
{
	struct member_checks c;

	c.n = (uint32_t)number();
	c.up = (uint32_t)number();
	c.down = (uint32_t)number();
	c.stale = (uint32_t)number();
	const bool ramp = number();
	const uint64_t now = number();
	const unsigned int changed = member_judge(&member, &params, &c, ramp, now);

	say_member(changed, now);
}

static void measure(void)
{
	struct health_result r;
	const enum health_code c = code();

	health_result_set(&r, c, (uint32_t)number(), "driven");
	const unsigned int changed = member_measure(&member, &params, &r);

	say_member(changed, number());
}

static void traffic(void)
{
	const uint64_t flows = number(), failures = number();

	member_count(&member, flows, failures);
	say_member(0, number());
}

static void new_pool(void)
{
	rules.panic_pct = (uint32_t)number();
	rules.backup_below = number();
	rules.backup_mode = (enum decide_backup_mode)number();
	rules.on_all_down = (enum decide_all_down)number();
	memset(&memory, 0, sizeof memory);
	puts("ok");
}

static void decide_once(void)
{
	struct decide_member m[MOST];
	const uint64_t now = number();
	const bool backup = number();
	const size_t n = number();

	for (size_t i = 0; i < n && i < MOST; i++) {
		m[i].ready = number();
		m[i].weight = (uint32_t)number();
		m[i].effective = (uint32_t)number();
		m[i].state = (enum health_state)number();
		m[i].suppressed = number();
		m[i].ejected = number();
	}
	const struct decision d = decide(&rules, &memory, m, n, backup, now);

	printf("%s %s %d %d %" PRIu64 " %" PRIu64, decide_reason_name(d.reason),
		decide_standing_name(decide_standing(&d, m, n)), d.action, d.borrow, d.w_ok,
		d.w_all);
	for (size_t i = 0; i < n && i < MOST; i++)
		printf(" %u", m[i].share);
	puts("");
}

static void new_outliers(void)
{
	outlier_rules.error_pct = (uint32_t)number();
	outlier_rules.min_flows = (uint32_t)number();
	outlier_rules.interval_ms = (uint32_t)number();
	outlier_rules.eject_ms = (uint32_t)number();
	outlier_rules.max_eject_ms = (uint32_t)number();
	outlier_rules.max_eject_pct = (uint32_t)number();
	memset(outliers, 0, sizeof outliers);
	outlier_interval = 0;
	puts("ok");
}

static void eject(void)
{
	const uint64_t now = number(), n = number();
	struct outlier_member m[MOST];

	for (uint64_t i = 0; i < n && i < MOST; i++) {
		m[i].o = &outliers[i];
		m[i].ready = number();
		m[i].may = number() && m[i].ready;
		outliers[i].flows += number();
		outliers[i].failures += number();
	}
	outlier_run(&outlier_rules, &outlier_interval, m, n, now);
	for (uint64_t i = 0; i < n && i < MOST; i++)
		printf("%d%d%u ", m[i].changed, outliers[i].ejected, outliers[i].times);
	puts("");
}

static void run(const char *command)
{
	uint64_t now;

	switch (*command) {
	case 'I':
		new_check();
		break;
	case 'R':
		take_result();
		break;
	case 'X':
		now = number();
		say_check(health_expire(&check, now), now);
		break;
	case 'M':
		new_member();
		break;
	case 'J':
		judge();
		break;
	case 'T':
		now = number();
		say_member(member_tick(&member, &params, now), now);
		break;
	case 'L':
		measure();
		break;
	case 'C':
		traffic();
		break;
	case 'O':
		new_outliers();
		break;
	case 'o':
		eject();
		break;
	case 'D':
		new_pool();
		break;
	case 'd':
		decide_once();
		break;
	default:
		puts("?");
	}
}

int main(void)
{
	char line[4096];

	while (fgets(line, sizeof line, stdin)) {
		const char *command = strtok(line, " \n");

		if (command)
			run(command);
	}
	return 0;
}
