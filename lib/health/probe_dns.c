/* SPDX-License-Identifier: BSD-3-Clause */

/* dns: a query for one name is answered with NOERROR (RFC 1035 4). */

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "health/dgram.h"

#define HEADER_BYTES 12
#define NAME_BYTES   255 /* RFC 1035 2.3.4 */

struct dns {
	struct dgram dgram;
	uint8_t query[HEADER_BYTES + NAME_BYTES + 4];
};

/* Name to labels. Returns their bytes, 0 for what is not a name. */
static size_t labels_write(uint8_t *to, const char *name)
{
	size_t at = 0;

	if (strcmp(name, ".") == 0)
		name = "";
	while (*name) {
		const size_t n = strcspn(name, ".");

		if (n < 1 || n > 63 || at + n + 2 > NAME_BYTES)
			return 0;
		to[at++] = (uint8_t)n;
		memcpy(to + at, name, n);
		at += n;
		name += n + (name[n] == '.');
	}
	to[at++] = 0;
	return at;
}

static int dns_prepare(struct probe *p, void *state, struct sl_err *err)
{
	/* Recursion desired, one question. */
	static const uint8_t header[HEADER_BYTES] = {[2] = 1, [5] = 1};
	struct dns *dns = state;
	const uint16_t type = p->spec.dns_type ? p->spec.dns_type : 1;
	uint8_t *q = dns->query + HEADER_BYTES;
	const size_t n = p->spec.dns_name ? labels_write(q, p->spec.dns_name) : 0;

	if (p->spec.port == 0 || n == 0)
		return sl_err_add(err, "a dns probe needs a port and a name to ask for");
	memcpy(dns->query, header, sizeof header);
	q[n] = (uint8_t)(type >> 8);
	q[n + 1] = (uint8_t)type;
	q[n + 2] = 0;
	q[n + 3] = 1; /* class IN */
	dns->dgram.payload = dns->query;
	dns->dgram.len = HEADER_BYTES + n + 4;
	return 0;
}

/* Label lengths are below 'A', so letters alone are compared without regard to case. */
static bool same_question(const struct dns *dns, const uint8_t *data, size_t len)
{
	const size_t n = dns->dgram.len - HEADER_BYTES;

	if (len < HEADER_BYTES + n)
		return false;
	for (size_t i = HEADER_BYTES; i < HEADER_BYTES + n; i++) {
		const uint8_t a = data[i], b = dns->query[i];
		const bool letter = (b | 0x20) >= 'a' && (b | 0x20) <= 'z';

		if (a != b && !(letter && (a | 0x20) == (b | 0x20)))
			return false;
	}
	return true;
}

static void dns_judge(struct probe *p, void *state, const uint8_t *data, size_t len)
{
	/* RFC 1035 4.1.1, RFC 2136 2.2 */
	static const char *const names[] = {"NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP",
		"REFUSED", "YXDOMAIN", "YXRRSET", "NXRRSET", "NOTAUTH", "NOTZONE"};
	const struct dns *dns = state;
	const char *name = p->spec.dns_name;

	if (len < 2 || memcmp(data, dns->query, 2) != 0)
		return;
	if (len < HEADER_BYTES) {
		probe_finish(p, HEALTH_CODE_L7RSP, "answer of %zu bytes is cut", len);
		return;
	}
	const unsigned int rcode = data[3] & 0xf, questions = data[4] * 256u + data[5],
			   answers = data[6] * 256u + data[7];

	if (!(data[2] & 0x80)) {
		probe_finish(p, HEALTH_CODE_L7RSP, "a query came back, not an answer");
		return;
	}
	if (rcode >= sizeof names / sizeof *names)
		probe_finish(p, HEALTH_CODE_L7STS, "response code %u for %s", rcode, name);
	else if (rcode)
		probe_finish(p, HEALTH_CODE_L7STS, "%s for %s", names[rcode], name);
	else if (questions != 1 || !same_question(dns, data, len))
		probe_finish(p, HEALTH_CODE_L7RSP, "the answer is to another question");
	else
		probe_finish(p, HEALTH_CODE_L7OK, "NOERROR, %u records", answers);
}

static void dns_start(struct probe *p, void *state)
{
	struct dns *dns = state;
	const uint64_t id = probe_random(p->owner);

	memcpy(dns->query, &id, 2);
	dns->dgram.judge = dns_judge;
	dgram_begin(&dns->dgram, p, dgram_socket(&p->spec.address), p->spec.port);
}

static void dns_again(struct probe *p, void *state)
{
	dgram_again(&((struct dns *)state)->dgram);
}

static void dns_expire(struct probe *p, void *state)
{
	dgram_expire(&((struct dns *)state)->dgram, HEALTH_CODE_L7TOUT);
}

static void dns_stop(struct probe *p, void *state)
{
	dgram_end(&((struct dns *)state)->dgram);
}

const struct probe_type probe_dns = {
	.name = "dns",
	.state_bytes = sizeof(struct dns),
	.prepare = dns_prepare,
	.start = dns_start,
	.again = dns_again,
	.expire = dns_expire,
	.stop = dns_stop,
};
