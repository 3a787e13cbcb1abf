/* SPDX-License-Identifier: BSD-3-Clause */

/* udp: a datagram is answered, and the answer begins as it should. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "health/dgram.h"

struct udp {
	struct dgram dgram;
	uint8_t *bytes; /* of both patterns, one block */
	const uint8_t *expect, *mask;
	size_t expect_len;
};

static int udp_prepare(struct probe *p, void *state, struct sl_err *err)
{
	struct udp *udp = state;
	const char *send = p->spec.send_hex, *expect = p->spec.expect_hex ? p->spec.expect_hex : "";
	const size_t out = send ? strlen(send) / 2 : 0, in = strlen(expect) / 2;
	int len;

	if (p->spec.port == 0 || out == 0)
		return sl_err_add(err, "a udp probe needs a port and a datagram to send");
	udp->bytes = malloc(out + 2 * in);
	if (!udp->bytes)
		return sl_err_sys(err, ENOMEM, "probe");
	len = sl_hex_parse(send, udp->bytes, NULL, false);
	if (len < 0 || sl_hex_parse(expect, udp->bytes + out, udp->bytes + out + in, true) < 0)
		return sl_err_add(err, "a udp probe needs pairs of hexadecimal digits");
	udp->dgram.payload = udp->bytes;
	udp->dgram.len = out;
	udp->expect = udp->bytes + out;
	udp->mask = udp->bytes + out + in;
	udp->expect_len = in;
	return 0;
}

static void udp_judge(struct probe *p, void *state, const uint8_t *data, size_t len)
{
	const struct udp *udp = state;
	char shown[2 * 12 + 1] = "";

	for (size_t i = 0; i < len && i < 12; i++)
		snprintf(shown + 2 * i, 3, "%02x", data[i]);
	if (sl_hex_match(udp->expect, udp->mask, udp->expect_len, data, len))
		probe_finish(p, HEALTH_CODE_L7OK, "answer of %zu bytes", len);
	else
		probe_finish(p, HEALTH_CODE_L7RSP, "answer of %zu bytes does not match: %s%s", len,
			shown, len > 12 ? "..." : "");
}

static void udp_start(struct probe *p, void *state)
{
	struct udp *udp = state;

	udp->dgram.judge = udp_judge;
	dgram_begin(&udp->dgram, p, dgram_socket(&p->spec.address), p->spec.port);
}

static void udp_again(struct probe *p, void *state)
{
	dgram_again(&((struct udp *)state)->dgram);
}

static void udp_expire(struct probe *p, void *state)
{
	dgram_expire(&((struct udp *)state)->dgram, HEALTH_CODE_L7TOUT);
}

static void udp_stop(struct probe *p, void *state)
{
	dgram_end(&((struct udp *)state)->dgram);
}

static void udp_forget(struct probe *p, void *state)
{
	free(((struct udp *)state)->bytes);
}

const struct probe_type probe_udp = {
	.name = "udp",
	.state_bytes = sizeof(struct udp),
	.prepare = udp_prepare,
	.start = udp_start,
	.again = udp_again,
	.expire = udp_expire,
	.stop = udp_stop,
	.forget = udp_forget,
};
