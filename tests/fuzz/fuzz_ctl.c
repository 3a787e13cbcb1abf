/* SPDX-License-Identifier: BSD-3-Clause */

/* The request parser of the control socket: any line gives a request that keeps its promises, or a
 * reply line that says why not. */

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/protocol.h"
#include "ctl/suggest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int truth)
{
	if (!truth)
		abort();
}

static void check_refusal(const struct ctl_request *req, const struct ctl_failure *why)
{
	size_t len = 0;
	char *text = ctl_line_text(ctl_line_failure(req->id, why), &len);
	json_t *line;

	require(why->code == EINVAL && why->msg[0]);
	require(text != NULL && strlen(text) == len);
	require(memchr(text, '\n', len) == text + len - 1);
	line = json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL);
	require(line != NULL);
	json_decref(line);
	free(text);
}

static void check_request(const struct ctl_request *req)
{
	static const char *const names[] = {"status", "vip.list", "backend.list", "drops"};
	char quoted[CTL_QUOTE_LEN];
	json_t *clean;

	require(req->id >= 0 && req->cmd != NULL);
	require(!req->args || json_is_object(req->args));
	ctl_suggest(req->cmd, names, 4, sizeof *names);
	ctl_quote(req->cmd, quoted);
	require(strlen(quoted) < sizeof quoted);
	clean = json_string(quoted); /* NULL for text that is not UTF-8 */
	require(clean != NULL);
	json_decref(clean);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ctl_failure why = {0};
	struct ctl_request req;
	/* Exactly the bytes: a read beyond them is seen. */
	char *line = malloc(size ? size : 1);
	int ret;

	if (size)
		memcpy(line, data, size);
	ret = ctl_request_parse(line, size, &req, &why);
	if (ret == 0)
		check_request(&req);
	else
		check_refusal(&req, &why);
	ctl_request_clear(&req);
	free(line);
	return 0;
}
