/* SPDX-License-Identifier: BSD-3-Clause */

#include <errno.h>

#include "conf/diff.h"
#include "own_address.h"
#include "programs.h"
#include "proof.h"
#include "restart.h"

static int look(const struct diff_row *row, void *arg)
{
	struct proof *proof = arg;

	proof->any = true;
	proof->addresses |= row->row->type == CONF_TYPE_LIST ||
			    row->row->type == CONF_TYPE_ADDRESS ||
			    row->row->type == CONF_TYPE_PREFIX;
	return proof->addresses;
}

int proof_of_small(
	const struct conf *from, const struct conf *to, struct proof *out, struct sl_err *err)
{
	const int rc = conf_diff_keys(from, to, look, out);

	return rc < 0 ? sl_err_sys(err, rc, "cannot compare configurations") : 0;
}

int proof_make(const struct conf *from, struct conf *to, struct proof *out, struct sl_err *err)
{
	int rc = conf_check(to, err);

	*out = (struct proof){0};
	if (!rc && restart_needed(from, to, err))
		rc = -EINVAL;
	if (!rc)
		rc = own_address_check(from, to, err);
	if (!rc)
		rc = programs_prove(from, to, err);
	if (rc)
		return rc;
	out->any = programs_changed(from, to);
	return proof_of_small(from, to, out, err);
}
