/* SPDX-License-Identifier: BSD-3-Clause */

/* A configuration as the text of one flat file, which loads back to an equal one. What holds by
 * default is left out, so that the text shows what was decided; names come first. Pure but for the
 * stream, whose errors are the caller's to look for. */

#ifndef SLUICE_CONF_SAVE_H
#define SLUICE_CONF_SAVE_H

#include <stdio.h>

#include "conf/conf.h"
#include "conf/schema.h"

/* 0, or -ENOMEM. */
int conf_save(FILE *f, const struct conf *conf);

/* One element of a list, on one line: `{ name = "b1"; address = "10.0.0.11"; }`. 0, or -ENOMEM. */
int save_object(FILE *f, const struct conf_row *list, const void *base);

#endif
