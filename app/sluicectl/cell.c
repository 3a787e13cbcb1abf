/* SPDX-License-Identifier: BSD-3-Clause */

#include <stdio.h>
#include <string.h>

#include "cell.h"

const json_t *cell_find(const json_t *item, const char *key)
{
	const char *dot;

	while (item && (dot = strchr(key, '.'))) {
		char part[CELL_LEN];

		snprintf(part, sizeof part, "%.*s", (int)(dot - key), key);
		item = json_object_get(item, part);
		key = dot + 1;
	}
	return json_object_get(item, key);
}

static const char *string_or(const json_t *value, const char *otherwise)
{
	return json_is_string(value) ? json_string_value(value) : otherwise;
}

const char *cell_string(const json_t *item, const char *key, const char *otherwise)
{
	return string_or(cell_find(item, key), otherwise);
}

double cell_number(const json_t *item, const char *key)
{
	return json_number_value(cell_find(item, key));
}

/* Text goes to a terminal: control characters in it would be obeyed. */
static void put_text(const char *text, char *buf)
{
	snprintf(buf, CELL_LEN, "%s", text);
	for (char *c = buf; *c; c++) {
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			*c = '?';
	}
}

enum cell_style cell_text(const json_t *item, const char *key, char *buf)
{
	const char *text = cell_string(item, key, "-");

	put_text(*text ? text : "-", buf);
	return CELL_PLAIN;
}

enum cell_style cell_admin(const json_t *item, const char *key, char *buf)
{
	cell_text(item, key, buf);
	return strcmp(buf, "maint") == 0 || strcmp(buf, "drain") == 0 ? CELL_BAD : CELL_PLAIN;
}

/* An element of a list: a text or a number. */
static size_t put_element(const json_t *value, char *buf, size_t room)
{
	if (json_is_integer(value))
		return (size_t)snprintf(
			buf, room, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
	return (size_t)snprintf(buf, room, "%s", string_or(value, "?"));
}

enum cell_style cell_words(const json_t *item, const char *key, char *buf)
{
	const json_t *list = cell_find(item, key), *value;
	char text[CELL_LEN] = "";
	size_t used = 0, i;

	json_array_foreach(list, i, value)
	{
		const size_t left = json_array_size(list) - i;
		/* What follows must have room to be told, as ",+1000 more". */
		const size_t room = sizeof text - used - (left > 1 ? sizeof ",+1000 more" : 0);
		char element[CELL_LEN];
		const size_t n = put_element(value, element, sizeof element);

		if (n + 2 > room) {
			snprintf(
				text + used, sizeof text - used, "%s+%zu more", i ? "," : "", left);
			break;
		}
		used += (size_t)snprintf(
			text + used, sizeof text - used, "%s%s", i ? "," : "", element);
	}
	put_text(*text ? text : "-", buf);
	return CELL_PLAIN;
}

enum cell_style cell_link(const json_t *item, const char *key, char *buf)
{
	const char *state = cell_string(item, key, "-");

	put_text(state, buf);
	return strcmp(state, "up") == 0 ? CELL_PLAIN : CELL_BAD;
}

enum cell_style cell_health(const json_t *item, const char *key, char *buf)
{
	const char *modifiers = string_or(json_object_get(item, "modifiers"), "");
	char state[CELL_LEN];

	snprintf(state, sizeof state, "%.40s%s%.40s", cell_string(item, key, "-"),
		*modifiers ? " " : "", modifiers);
	put_text(state, buf);
	return strncmp(buf, "UP", 2) != 0 || *modifiers ? CELL_BAD : CELL_PLAIN;
}

enum cell_style cell_check(const json_t *item, const char *key, char *buf)
{
	if (json_number_value(json_object_get(item, "checks")) == 0)
		strcpy(buf, "no check");
	else if (!json_is_string(cell_find(item, key)))
		strcpy(buf, "-");
	else
		snprintf(buf, CELL_LEN, "%.20s %.1fms",
			string_or(json_object_get(item, "code"), "?"),
			json_number_value(json_object_get(item, "check_ms")));
	return CELL_PLAIN;
}

enum cell_style cell_ms(const json_t *item, const char *key, char *buf)
{
	const json_t *value = cell_find(item, key);

	if (json_is_number(value))
		snprintf(buf, CELL_LEN, "%.2f", json_number_value(value));
	else
		strcpy(buf, "-");
	return CELL_PLAIN;
}

enum cell_style cell_seconds(const json_t *item, const char *key, char *buf)
{
	const json_t *value = cell_find(item, key);

	if (json_is_number(value))
		cell_duration(json_number_value(value), buf);
	else
		strcpy(buf, "-");
	return CELL_PLAIN;
}

bool cell_decision_is_bad(const char *decision)
{
	return strcmp(decision, "normal") != 0 && strcmp(decision, "starting") != 0;
}

enum cell_style cell_decision(const json_t *item, const char *key, char *buf)
{
	const bool frozen = json_is_true(json_object_get(item, "frozen"));
	bool bad;

	cell_text(item, key, buf);
	bad = cell_decision_is_bad(buf);
	if (frozen && strlen(buf) + sizeof " FROZEN" <= CELL_LEN)
		strcat(buf, " FROZEN");
	return bad || frozen ? CELL_BAD : CELL_PLAIN;
}

enum cell_style cell_integer(const json_t *item, const char *key, char *buf)
{
	const json_t *value = cell_find(item, key);

	if (json_is_number(value))
		snprintf(buf, CELL_LEN, "%.0f", json_number_value(value));
	else
		strcpy(buf, "-");
	return CELL_PLAIN;
}

enum cell_style cell_count(const json_t *item, const char *key, char *buf)
{
	const json_t *value = cell_find(item, key);

	if (json_is_number(value))
		cell_human(json_number_value(value), "", buf);
	else
		strcpy(buf, "-");
	return CELL_PLAIN;
}

enum cell_style cell_share(const json_t *item, const char *key, char *buf)
{
	const json_t *value = cell_find(item, key);

	if (json_is_number(value))
		snprintf(buf, CELL_LEN, "%.1f%%", json_number_value(value) * 100);
	else
		strcpy(buf, "-");
	if (strcmp(buf, "-0.0%") == 0) /* a little below */
		strcpy(buf, "0.0%");
	return CELL_PLAIN;
}

enum cell_style cell_service(const json_t *item, const char *key, char *buf)
{
	const char *address = string_or(json_object_get(item, "address"), "-");
	const char *protocol = string_or(json_object_get(item, "protocol"), "-");
	const json_t *ports = json_object_get(item, "port");
	const json_int_t port = json_integer_value(ports);
	const int v6 = strchr(address, ':') != NULL;
	char text[CELL_LEN], number[24] = "any";

	if (port)
		snprintf(number, sizeof number, "%" JSON_INTEGER_FORMAT, port);
	snprintf(text, sizeof text, "%s%s%s:%s/%s", v6 ? "[" : "", address, v6 ? "]" : "",
		string_or(ports, number), protocol);
	put_text(text, buf);
	return CELL_PLAIN;
}

enum cell_style cell_next_hop(const json_t *item, const char *key, char *buf)
{
	const json_t *hop = json_object_get(item, "next_hop");
	const char *state = string_or(json_object_get(hop, "state"), "-");
	const char *mac = string_or(json_object_get(hop, "mac"), "");
	const char *port = string_or(json_object_get(hop, "port"), "");
	const char *vlan = string_or(json_object_get(hop, "vlan"), "");
	const int is_static = strcmp(state, "static") == 0;
	char text[CELL_LEN];

	if (!is_static && strcmp(state, "resolved") != 0) {
		put_text(state, buf);
		return CELL_BAD;
	}
	snprintf(text, sizeof text, "%s%s%s%s%s%s", mac, *port ? "@" : "", port, *vlan ? "." : "",
		vlan, is_static ? ",static" : "");
	put_text(text, buf);
	return CELL_PLAIN;
}

enum cell_style cell_args(const json_t *item, const char *key, char *buf)
{
	const json_t *args = cell_find(item, key), *arg;
	size_t used = 0, i;

	strcpy(buf, "-");
	json_array_foreach((json_t *)args, i, arg)
	{
		const int required = json_is_true(json_object_get(arg, "required"));

		used += (size_t)snprintf(buf + used, CELL_LEN - used, "%s%s%s:%s%s",
			used ? " " : "", required ? "" : "[",
			string_or(json_object_get(arg, "name"), "?"),
			string_or(json_object_get(arg, "type"), "?"), required ? "" : "]");
		if (used >= CELL_LEN) {
			strcpy(buf + CELL_LEN - 4, "...");
			break;
		}
	}
	return CELL_PLAIN;
}

const char *cell_human(double value, const char *unit, char *buf)
{
	static const char *const prefixes[] = {"", "k", "M", "G", "T", "P"};
	const char *space = *unit ? " " : "";
	size_t i = 0;
	int decimals;

	/* 999.5 would print as 1000 */
	while (value >= 999.5 && i + 1 < sizeof prefixes / sizeof *prefixes) {
		value /= 1000;
		i++;
	}
	if (i == 0)
		decimals = value < 9.95 && value != (double)(long)value;
	else
		decimals = value < 99.95;
	snprintf(buf, CELL_LEN, "%.*f%s%s%s", decimals, value, space, prefixes[i], unit);
	return buf;
}

const char *cell_duration(double seconds, char *buf)
{
	const unsigned long s = seconds > 0 ? (unsigned long)seconds : 0;
	const unsigned long day = 86400;

	if (s >= day)
		snprintf(buf, CELL_LEN, "%lud%02luh", s / day, s % day / 3600);
	else
		snprintf(buf, CELL_LEN, "%02lu:%02lu:%02lu", s / 3600, s / 60 % 60, s % 60);
	return buf;
}
