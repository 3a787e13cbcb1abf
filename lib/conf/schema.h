/* SPDX-License-Identifier: BSD-3-Clause */

/* Every key of the configuration as one table of rows. The rows parse and range-check a file, write
 * config/sluice.full.conf and the table in docs/config.md. A new key is a field in conf.h and a row
 * here. */

#ifndef SLUICE_CONF_SCHEMA_H
#define SLUICE_CONF_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "conf/conf.h"

enum conf_type {
	CONF_TYPE_GROUP,     /* { }: only structures the file, fields stay in the section above */
	CONF_TYPE_LIST,      /* ( {...}, {...} ): an array of structs */
	CONF_TYPE_BOOL,      /* bool */
	CONF_TYPE_UINT,      /* uint8_t to uint32_t */
	CONF_TYPE_UINTS,     /* [ 1, 2 ]: uint32_t * and size_t */
	CONF_TYPE_TEXT,      /* const char * */
	CONF_TYPE_NAME,      /* const char *, the name of an object */
	CONF_TYPE_TEXTS,     /* [ "a", "b" ]: const char ** and size_t */
	CONF_TYPE_WORD,      /* one of words: an integer of any size */
	CONF_TYPE_KEY,       /* 32 hexadecimal digits: uint8_t[16] */
	CONF_TYPE_ADDRESS,   /* struct sl_addr */
	CONF_TYPE_ADDRESSES, /* [ ... ], one per family: struct sl_addr[2] and bool[2] */
	CONF_TYPE_PREFIX,    /* "203.0.113.0/28", or an address: struct sl_prefix */
	CONF_TYPE_PREFIXES,  /* [ "10.0.0.0/8" ]: struct sl_prefix * and size_t */
	CONF_TYPE_PORTS,     /* 80, or "8000-8100": struct sl_ports */
	CONF_TYPE_MAC,       /* struct sl_ether and bool */
	CONF_TYPE_VLANS,     /* 100, or "200.100": struct sl_vlans */
};

struct conf_word {
	const char *name; /* NULL ends an array of words */
	uint32_t value;
	const char *help;
};

struct conf_row {
	const char *path; /* "pools[].backends[].weight"; [] stands behind every list */
	enum conf_type type;
	uint32_t size; /* bytes of the field, of one element for a list */
	/* of the field, in an element of the path's last list or in struct conf */
	size_t offset;
	size_t count_offset; /* of the second field that the type speaks of */
	size_t place_offset; /* list: of struct conf_place in an element */
	int64_t min, max;    /* UINT(S): value; TEXT(S): bytes; LIST: elements */
	uint32_t most;       /* UINTS, TEXTS: elements */
	const char *zero;    /* UINT: what 0 stands for, where it is allowed beside min to max */
	const struct conf_word *words;
	const char *value; /* default as written in a file, without quotes; NULL = none */
	/* no default: what holds without the key; both NULL = key is required */
	const char *absent;
	const char *example; /* for a key without default */
	bool shown;          /* optional, but the example of the full file needs it */
	bool alone;          /* any value in range goes with any others: conf_check need not look */
	bool start;          /* only read at start: another value takes a restart */
	const char *unit;    /* of a number; the name of one element for a list */
	const char *help;
};

extern const struct conf_row conf_rows[];
extern const size_t conf_n_rows;

/* The last part of row's path if row stands directly in section (NULL: at the top), else NULL. */
const char *conf_row_key(const struct conf_row *section, const struct conf_row *row);

/* The row of a key in a section, or NULL. */
const struct conf_row *conf_row_find(const struct conf_row *section, const char *key);

/* A value of pools[].forward, pools[].backends[].admin, checks[].type, checks[].via and
 * pools[].require, as a file has it. */
const char *conf_forward_name(enum conf_forward forward);
const char *conf_admin_name(enum conf_admin admin);
const char *conf_driver_name(enum conf_driver driver);
const char *conf_check_type_name(enum conf_check_type type);
const char *conf_via_name(enum conf_via via);
const char *conf_require_name(uint32_t require);

/* What values a row takes, for a person: `"tcp" or "udp"`, `0-1000`. buf: CONF_VALUES_STRLEN bytes.
 * Returns buf. */
#define CONF_VALUES_STRLEN 256
const char *conf_row_values(const struct conf_row *row, char *buf);

/* Write config/sluice.full.conf: every key with its default, values and help. */
void conf_write_full(FILE *f);

/* Write the table of keys of docs/config.md. */
void conf_write_doc(FILE *f);

#endif
