/* SPDX-License-Identifier: BSD-3-Clause */

/* Values as a person reads them: one function a kind of table cell, and the units behind them.
 * Pure. */

#ifndef SLUICECTL_CELL_H
#define SLUICECTL_CELL_H

#include <stdbool.h>
#include <stddef.h>
#include <jansson.h>

#define CELL_LEN 96

enum cell_style {
	CELL_PLAIN,
	CELL_BAD, /* something an operator should look at */
};

/* The text, or the number, at a dotted path of an item; `otherwise`, or 0, where there is none. */
const char *cell_string(const json_t *item, const char *key, const char *otherwise);
double cell_number(const json_t *item, const char *key);

/* Write the text of one cell into buf (CELL_LEN bytes). key: dotted path into the item. */
typedef enum cell_style (*cell_fn)(const json_t *item, const char *key, char *buf);

enum cell_style cell_text(const json_t *item, const char *key, char *buf);
enum cell_style cell_admin(const json_t *item, const char *key, char *buf);   /* ready */
enum cell_style cell_words(const json_t *item, const char *key, char *buf);   /* a,b; 0,2,3 */
enum cell_style cell_integer(const json_t *item, const char *key, char *buf); /* 1234567 */
enum cell_style cell_count(const json_t *item, const char *key, char *buf);   /* 1.2M */
enum cell_style cell_share(const json_t *item, const char *key, char *buf);   /* 0.111 -> 11.1% */
enum cell_style cell_service(
	const json_t *item, const char *key, char *buf); /* 203.0.113.10:443/tcp */
enum cell_style cell_link(const json_t *item, const char *key, char *buf);     /* up */
enum cell_style cell_next_hop(const json_t *item, const char *key, char *buf); /* MAC@port */

enum cell_style cell_args(
	const json_t *item, const char *key, char *buf); /* pool:string [n:integer] */

enum cell_style cell_health(
	const json_t *item, const char *key, char *buf); /* DOWN 1/2, UP starting */
enum cell_style cell_check(const json_t *item, const char *key, char *buf);    /* L4OK 0.4ms */
enum cell_style cell_ms(const json_t *item, const char *key, char *buf);       /* 0.42 */
enum cell_style cell_seconds(const json_t *item, const char *key, char *buf);  /* 00:03:12 */
enum cell_style cell_decision(const json_t *item, const char *key, char *buf); /* normal FROZEN */

/* Is a pool with this decision something to look at? */
bool cell_decision_is_bad(const char *decision);

/* The value at a dotted path, or NULL. */
const json_t *cell_find(const json_t *item, const char *key);

/* A number in three figures with the decimal prefix put behind it: 999, 1.2k, 12.3M, 120G. `unit`
 * follows the prefix ("1.2 Mpps": space and unit; "": 1.2M). Returns buf (CELL_LEN bytes). */
const char *cell_human(double value, const char *unit, char *buf);

/* 00:03:12 below a day, 3d04h above. */
const char *cell_duration(double seconds, char *buf);

#endif
