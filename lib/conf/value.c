/* SPDX-License-Identifier: BSD-3-Clause */

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/conf.h"
#include "conf/hint.h"
#include "conf/value.h"

/* No row takes a longer text, whatever its type. */
#define TEXT_MAX 255

struct target {
	const struct conf_row *row;
	char *field, *second; /* at offset and count_offset */
	struct conf_arena *arena;
	char *why;
};

static int because(struct target *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static int because(struct target *t, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(t->why, VALUE_WHY_STRLEN, fmt, ap);
	va_end(ap);
	return -EINVAL;
}

static void put_uint(char *field, size_t size, uint32_t number)
{
	const uint16_t n16 = (uint16_t)number;
	const uint8_t n8 = (uint8_t)number;

	memcpy(field,
		size == 4   ? (const void *)&number
		: size == 2 ? (const void *)&n16
			    : &n8,
		size);
}

static int check_number(struct target *t, int64_t n)
{
	const struct conf_row *row = t->row;

	if (n == 0 && row->zero)
		return 0;
	if (n > row->max)
		return because(t, "%" PRId64 " is above %" PRId64, n, row->max);
	if (n < row->min)
		return because(t, "%" PRId64 " is below %" PRId64, n,
			row->zero && n < 0 ? (int64_t)0 : row->min);
	return 0;
}

static int check_text(struct target *t, const char *text)
{
	const bool ranged = t->row->type == CONF_TYPE_TEXT || t->row->type == CONF_TYPE_TEXTS;
	const size_t len = strlen(text), max = ranged ? (size_t)t->row->max : TEXT_MAX;

	if (len > max)
		return because(t, "has %zu bytes, at most %zu are allowed", len, max);
	if (ranged && len < (size_t)t->row->min)
		return because(t, "is empty");
	for (const char *c = text; *c; c++)
		if (iscntrl((unsigned char)*c))
			return because(t, "holds the control character 0x%02x", (unsigned char)*c);
	return 0;
}

static int store_bool(struct target *t, const struct value *v, size_t n)
{
	*(bool *)t->field = v->number != 0;
	return 0;
}

static int store_uint(struct target *t, const struct value *v, size_t n)
{
	const int rc = check_number(t, v->number);

	if (!rc)
		put_uint(t->field, t->row->size, (uint32_t)v->number);
	return rc;
}

static int store_uints(struct target *t, const struct value *v, size_t n)
{
	uint32_t *array = arena_alloc(t->arena, n, sizeof *array);
	int rc = array ? 0 : -ENOMEM;

	for (size_t i = 0; i < n && !rc; i++) {
		rc = check_number(t, v[i].number);
		array[i] = (uint32_t)v[i].number;
	}
	if (rc)
		return rc;
	memcpy(t->field, &array, sizeof array);
	memcpy(t->second, &n, sizeof n);
	return 0;
}

static int store_text(struct target *t, const struct value *v, size_t n)
{
	const char *copy = arena_text(t->arena, v->text, strlen(v->text));

	if (!copy)
		return -ENOMEM;
	memcpy(t->field, &copy, sizeof copy);
	return 0;
}

static int store_texts(struct target *t, const struct value *v, size_t n)
{
	const char **array = arena_alloc(t->arena, n, sizeof *array);

	if (!array)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		array[i] = arena_text(t->arena, v[i].text, strlen(v[i].text));
		if (!array[i])
			return -ENOMEM;
	}
	memcpy(t->field, &array, sizeof array);
	memcpy(t->second, &n, sizeof n);
	return 0;
}

static int store_word(struct target *t, const struct value *v, size_t n)
{
	struct hint hint = {.word = v->text};
	char values[CONF_VALUES_STRLEN], near[HINT_STRLEN];

	for (const struct conf_word *w = t->row->words; w->name; w++) {
		if (strcmp(w->name, v->text) == 0) {
			put_uint(t->field, t->row->size, w->value);
			return 0;
		}
		hint_offer(&hint, w->name);
	}
	return because(t, "\"%s\" is not %s%s", v->text, conf_row_values(t->row, values),
		hint_format(&hint, near));
}

static int store_key(struct target *t, const struct value *v, size_t n)
{
	_Static_assert(sizeof CONF_BUILTIN_HASH_KEY == CONF_KEY_BYTES + 1, "16 bytes");
	uint8_t key[CONF_KEY_BYTES];
	const char *text = v->text;

	if (*text == '\0') {
		memcpy(t->field, CONF_BUILTIN_HASH_KEY, sizeof key);
		return 0;
	}
	if (strlen(text) != 2 * sizeof key || text[strspn(text, "0123456789abcdefABCDEF")])
		return because(t, "\"%s\" is not 32 hexadecimal digits", text);
	for (size_t i = 0; i < sizeof key; i++) {
		const char digits[3] = {text[2 * i], text[2 * i + 1], '\0'};

		key[i] = (uint8_t)strtoul(digits, NULL, 16);
	}
	memcpy(t->field, key, sizeof key);
	return 0;
}

static int parse_address(struct target *t, const char *text, struct sl_addr *address)
{
	if (sl_addr_parse(text, address))
		return because(t, "\"%s\" is not an IPv4 or IPv6 address%s", text,
			strchr(text, '/') ? " (a single one is wanted, no prefix)" : "");
	if (!sl_addr_is_host(address))
		return because(t, "\"%s\" is not an address that a host can have", text);
	return 0;
}

static int store_address(struct target *t, const struct value *v, size_t n)
{
	struct sl_addr address;
	const int rc = parse_address(t, v->text, &address);

	if (!rc)
		memcpy(t->field, &address, sizeof address);
	return rc;
}

static int store_addresses(struct target *t, const struct value *v, size_t n)
{
	struct sl_addr addresses[2] = {0}, a;
	bool has[2] = {false, false};

	for (size_t i = 0; i < n; i++) {
		const int rc = parse_address(t, v[i].text, &a);

		if (rc)
			return rc;
		const unsigned int family = conf_family(&a);

		if (has[family])
			return because(t, "has more than one %s address", family ? "IPv6" : "IPv4");
		has[family] = true;
		addresses[family] = a;
	}
	memcpy(t->field, addresses, sizeof addresses);
	memcpy(t->second, has, sizeof has);
	return 0;
}

static int store_prefix(struct target *t, const struct value *v, size_t n)
{
	struct sl_prefix prefix;

	if (sl_prefix_parse(v->text, &prefix))
		return because(t,
			"\"%s\" is not an IPv4 or IPv6 address, nor a prefix such as "
			"203.0.113.16/28 with no bit set behind it",
			v->text);
	if (!sl_addr_is_host(&prefix.address))
		return because(t, "\"%s\" is not an address that a host can have", v->text);
	memcpy(t->field, &prefix, sizeof prefix);
	return 0;
}

static int store_prefixes(struct target *t, const struct value *v, size_t n)
{
	struct sl_prefix *array = arena_alloc(t->arena, n, sizeof *array);

	if (!array)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		if (sl_prefix_parse(v[i].text, &array[i]))
			return because(t,
				"\"%s\" is not a prefix such as 10.0.0.0/8 or 2001:db8::/32, with "
				"no bit set behind it",
				v[i].text);
	memcpy(t->field, &array, sizeof array);
	memcpy(t->second, &n, sizeof n);
	return 0;
}

static int store_ports(struct target *t, const struct value *v, size_t n)
{
	struct sl_ports ports = SL_PORTS_EVERY;

	if (v->text && check_text(t, v->text))
		return -EINVAL;
	if (v->text && sl_ports_parse(v->text, &ports))
		return because(t, "\"%.63s\" is not a port or a range such as 8000-8100", v->text);
	if (!v->text && v->number < 0)
		return because(t, "%" PRId64 " is below 0", v->number);
	if (!v->text && v->number > UINT16_MAX)
		return because(t, "%" PRId64 " is above %d", v->number, UINT16_MAX);
	if (!v->text && v->number)
		ports = sl_ports_one((uint16_t)v->number);
	memcpy(t->field, &ports, sizeof ports);
	return 0;
}

static int store_mac(struct target *t, const struct value *v, size_t n)
{
	static const struct sl_ether zero;
	struct sl_ether mac;

	if (sl_ether_parse(v->text, &mac))
		return because(t, "\"%s\" is not a MAC address such as 02:00:00:00:00:01", v->text);
	if ((mac.b[0] & 1) || memcmp(&mac, &zero, sizeof mac) == 0)
		return because(t, "\"%s\" is not the address of one station", v->text);
	memcpy(t->field, &mac, sizeof mac);
	*(bool *)t->second = true;
	return 0;
}

static int store_vlans(struct target *t, const struct value *v, size_t n)
{
	struct sl_vlans vlans = {.n = 1, .tag = {{SL_VLAN_TYPE_Q, 0}}};

	if (v->text && check_text(t, v->text))
		return -EINVAL;
	if (v->text && sl_vlans_parse(v->text, &vlans))
		return because(t,
			"\"%.63s\" is not a VLAN of 1-%d or two such as 200.100, the outer one "
			"first",
			v->text, SL_VLAN_ID_MAX);
	if (!v->text && (v->number < 1 || v->number > SL_VLAN_ID_MAX))
		return because(t, "%" PRId64 " is not in 1-%d", v->number, SL_VLAN_ID_MAX);
	if (!v->text)
		vlans.tag[0].id = (uint16_t)v->number;
	memcpy(t->field, &vlans, sizeof vlans);
	return 0;
}

static const struct {
	int (*store)(struct target *t, const struct value *v, size_t n);
	bool text;
} types[] = {
	[CONF_TYPE_BOOL] = {store_bool, false},
	[CONF_TYPE_UINT] = {store_uint, false},
	[CONF_TYPE_UINTS] = {store_uints, false},
	[CONF_TYPE_TEXT] = {store_text, true},
	[CONF_TYPE_NAME] = {store_text, true},
	[CONF_TYPE_TEXTS] = {store_texts, true},
	[CONF_TYPE_WORD] = {store_word, true},
	[CONF_TYPE_KEY] = {store_key, true},
	[CONF_TYPE_ADDRESS] = {store_address, true},
	[CONF_TYPE_ADDRESSES] = {store_addresses, true},
	[CONF_TYPE_PREFIX] = {store_prefix, true},
	[CONF_TYPE_PREFIXES] = {store_prefixes, true},
	[CONF_TYPE_PORTS] = {store_ports, false},
	[CONF_TYPE_MAC] = {store_mac, true},
	[CONF_TYPE_VLANS] = {store_vlans, false},
};

int value_store(const struct conf_row *row, void *base, struct conf_arena *arena,
	const struct value *values, size_t n, char *why)
{
	struct target t = {
		row, (char *)base + row->offset, (char *)base + row->count_offset, arena, why};

	if (row->most && n > row->most)
		return because(&t, "has %zu elements, at most %u are allowed", n, row->most);
	for (size_t i = 0; i < n && types[row->type].text; i++) {
		const int rc = check_text(&t, values[i].text);

		if (rc)
			return rc;
	}
	return types[row->type].store(&t, values, n);
}

struct value value_of_default(const struct conf_row *row)
{
	if (row->type == CONF_TYPE_UINT)
		return (struct value){.number = strtol(row->value, NULL, 10)};
	if (row->type == CONF_TYPE_BOOL)
		return (struct value){.number = strcmp(row->value, "true") == 0};
	return (struct value){.text = row->value};
}

int value_default(const struct conf_row *row, void *base, struct conf_arena *arena)
{
	const struct value v = value_of_default(row);
	char why[VALUE_WHY_STRLEN];

	return value_store(row, base, arena, &v, value_is_array(row) ? 0 : 1, why);
}
