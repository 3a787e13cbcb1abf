/* SPDX-License-Identifier: BSD-3-Clause */

/* The way back from fields to values: what value_store() put there, and whether anything is. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/conf.h"
#include "conf/value.h"

struct field {
	const struct conf_row *row;
	const char *at, *second; /* at offset and count_offset */
};

static struct field field_of(const struct conf_row *row, const void *base)
{
	return (struct field){
		row, (const char *)base + row->offset, (const char *)base + row->count_offset};
}

static uint32_t read_uint(const char *at, size_t size)
{
	uint32_t n32;
	uint16_t n16;

	if (size == 1)
		return *(const uint8_t *)at;
	if (size == 2) {
		memcpy(&n16, at, sizeof n16);
		return n16;
	}
	memcpy(&n32, at, sizeof n32);
	return n32;
}

static const void *read_pointer(const char *at)
{
	const void *p;

	memcpy(&p, at, sizeof p);
	return p;
}

static size_t count_one(const struct field *f)
{
	return 1;
}

/* Where 0 is no value, it is what stands there without one. */
static size_t count_uint(const struct field *f)
{
	const struct conf_row *row = f->row;

	return !row->absent || row->zero || row->min <= 0 || read_uint(f->at, row->size) != 0;
}

static size_t count_pointer(const struct field *f)
{
	return read_pointer(f->at) != NULL;
}

static size_t count_array(const struct field *f)
{
	size_t n;

	memcpy(&n, f->second, sizeof n);
	return n;
}

static const struct conf_word *find_word(const struct field *f)
{
	const uint32_t value = read_uint(f->at, f->row->size);

	for (const struct conf_word *w = f->row->words; w->name; w++)
		if (w->value == value)
			return w;
	return NULL;
}

static size_t count_word(const struct field *f)
{
	return find_word(f) != NULL;
}

static size_t count_address(const struct field *f)
{
	static const struct sl_addr none;

	return memcmp(f->at, &none, sizeof none) != 0;
}

static size_t count_addresses(const struct field *f)
{
	bool has[2];

	memcpy(has, f->second, sizeof has);
	return (size_t)has[0] + has[1];
}

/* No value is 0-0. */
static size_t count_ports(const struct field *f)
{
	struct sl_ports ports;

	memcpy(&ports, f->at, sizeof ports);
	return ports.last != 0;
}

static size_t count_mac(const struct field *f)
{
	return *(const bool *)f->second;
}

static size_t count_vlans(const struct field *f)
{
	struct sl_vlans vlans;

	memcpy(&vlans, f->at, sizeof vlans);
	return vlans.n != 0;
}

static void get_bool(const struct field *f, size_t i, struct value *v, char *buf)
{
	v->number = *(const bool *)f->at;
}

static void get_uint(const struct field *f, size_t i, struct value *v, char *buf)
{
	const uint32_t n = read_uint(f->at, f->row->size);

	v->number = f->row->min < 0 ? (int32_t)n : (int64_t)n;
}

static void get_uints(const struct field *f, size_t i, struct value *v, char *buf)
{
	v->number = ((const uint32_t *)read_pointer(f->at))[i];
}

static void get_text(const struct field *f, size_t i, struct value *v, char *buf)
{
	v->text = read_pointer(f->at);
}

static void get_texts(const struct field *f, size_t i, struct value *v, char *buf)
{
	v->text = ((const char *const *)read_pointer(f->at))[i];
}

static void get_word(const struct field *f, size_t i, struct value *v, char *buf)
{
	v->text = find_word(f)->name;
}

/* The built-in key is no secret and is written as "". */
static void get_key(const struct field *f, size_t i, struct value *v, char *buf)
{
	buf[0] = '\0';
	v->text = buf;
	if (memcmp(f->at, CONF_BUILTIN_HASH_KEY, CONF_KEY_BYTES) == 0)
		return;
	for (size_t b = 0; b < CONF_KEY_BYTES; b++)
		snprintf(buf + 2 * b, 3, "%02x", (uint8_t)f->at[b]);
}

static void get_address(const struct field *f, size_t i, struct value *v, char *buf)
{
	struct sl_addr a;

	memcpy(&a, f->at, sizeof a);
	v->text = sl_addr_format(&a, buf);
}

static void get_addresses(const struct field *f, size_t i, struct value *v, char *buf)
{
	struct sl_addr a[2];
	bool has[2];

	memcpy(a, f->at, sizeof a);
	memcpy(has, f->second, sizeof has);
	v->text = sl_addr_format(has[0] && i == 0 ? &a[0] : &a[1], buf);
}

static void get_prefix(const struct field *f, size_t i, struct value *v, char *buf)
{
	struct sl_prefix p;

	memcpy(&p, f->at, sizeof p);
	v->text = sl_prefix_format_short(&p, buf);
}

static void get_prefixes(const struct field *f, size_t i, struct value *v, char *buf)
{
	v->text = sl_prefix_format(&((const struct sl_prefix *)read_pointer(f->at))[i], buf);
}

static void get_ports(const struct field *f, size_t i, struct value *v, char *buf)
{
	struct sl_ports ports;

	memcpy(&ports, f->at, sizeof ports);
	if (sl_ports_is_one(&ports) || sl_ports_is_every(&ports))
		v->number = ports.first;
	else
		v->text = sl_ports_format(&ports, buf);
}

static void get_mac(const struct field *f, size_t i, struct value *v, char *buf)
{
	struct sl_ether mac;

	memcpy(&mac, f->at, sizeof mac);
	v->text = sl_ether_format(&mac, buf);
}

static void get_vlans(const struct field *f, size_t i, struct value *v, char *buf)
{
	struct sl_vlans vlans;

	memcpy(&vlans, f->at, sizeof vlans);
	if (vlans.n == 1 && vlans.tag[0].type == SL_VLAN_TYPE_Q)
		v->number = vlans.tag[0].id;
	else
		v->text = sl_vlans_format(&vlans, buf);
}

static int own_text(const char **text, struct conf_arena *arena)
{
	if (!*text)
		return 0;
	*text = arena_text(arena, *text, strlen(*text));
	return *text ? 0 : -ENOMEM;
}

static int copy_text(const struct field *f, char *at, struct conf_arena *arena)
{
	const char *text = read_pointer(f->at);
	const int rc = own_text(&text, arena);

	memcpy(at, &text, sizeof text);
	return rc;
}

static int copy_array(const struct field *f, char *at, size_t element, struct conf_arena *arena)
{
	const size_t n = count_array(f);
	void *array = arena_alloc(arena, n, element);

	if (!array)
		return -ENOMEM;
	if (n)
		memcpy(array, read_pointer(f->at), n * element);
	memcpy(at, &array, sizeof array);
	return 0;
}

static int copy_uints(const struct field *f, char *at, struct conf_arena *arena)
{
	return copy_array(f, at, sizeof(uint32_t), arena);
}

static int copy_prefixes(const struct field *f, char *at, struct conf_arena *arena)
{
	return copy_array(f, at, sizeof(struct sl_prefix), arena);
}

static int copy_texts(const struct field *f, char *at, struct conf_arena *arena)
{
	const size_t n = count_array(f);
	const char *const *from = read_pointer(f->at);
	const char **array = arena_alloc(arena, n, sizeof *array);
	int rc = array ? 0 : -ENOMEM;

	for (size_t i = 0; i < n && !rc; i++) {
		array[i] = from[i];
		rc = own_text(&array[i], arena);
	}
	memcpy(at, &array, sizeof array);
	return rc;
}

static const struct {
	enum value_kind kind;
	bool array;
	size_t (*count)(const struct field *f);
	void (*get)(const struct field *f, size_t i, struct value *v, char *buf);
	int (*copy)(
		const struct field *f, char *at, struct conf_arena *arena); /* NULL: no pointers */
	size_t second; /* bytes of the second field */
} types[] = {
	[CONF_TYPE_BOOL] = {VALUE_BOOL, false, count_one, get_bool, NULL, 0},
	[CONF_TYPE_UINT] = {VALUE_NUMBER, false, count_uint, get_uint, NULL, 0},
	[CONF_TYPE_UINTS] = {VALUE_NUMBER, true, count_array, get_uints, copy_uints,
		sizeof(size_t)},
	[CONF_TYPE_TEXT] = {VALUE_TEXT, false, count_pointer, get_text, copy_text, 0},
	[CONF_TYPE_NAME] = {VALUE_TEXT, false, count_pointer, get_text, copy_text, 0},
	[CONF_TYPE_TEXTS] = {VALUE_TEXT, true, count_array, get_texts, copy_texts, sizeof(size_t)},
	[CONF_TYPE_WORD] = {VALUE_TEXT, false, count_word, get_word, NULL, 0},
	[CONF_TYPE_KEY] = {VALUE_TEXT, false, count_one, get_key, NULL, 0},
	[CONF_TYPE_ADDRESS] = {VALUE_TEXT, false, count_address, get_address, NULL, 0},
	[CONF_TYPE_ADDRESSES] = {VALUE_TEXT, true, count_addresses, get_addresses, NULL,
		2 * sizeof(bool)},
	[CONF_TYPE_PREFIX] = {VALUE_TEXT, false, count_address, get_prefix, NULL, 0},
	[CONF_TYPE_PREFIXES] = {VALUE_TEXT, true, count_array, get_prefixes, copy_prefixes,
		sizeof(size_t)},
	[CONF_TYPE_PORTS] = {VALUE_EITHER, false, count_ports, get_ports, NULL, 0},
	[CONF_TYPE_MAC] = {VALUE_TEXT, false, count_mac, get_mac, NULL, sizeof(bool)},
	[CONF_TYPE_VLANS] = {VALUE_EITHER, false, count_vlans, get_vlans, NULL, 0},
};

enum value_kind value_kind(const struct conf_row *row)
{
	return types[row->type].kind;
}

bool value_is_array(const struct conf_row *row)
{
	return types[row->type].array;
}

size_t value_count(const struct conf_row *row, const void *base)
{
	const struct field f = field_of(row, base);

	return types[row->type].count(&f);
}

struct value value_get(const struct conf_row *row, const void *base, size_t i, char *buf)
{
	const struct field f = field_of(row, base);
	struct value v = {0};

	types[row->type].get(&f, i, &v, buf);
	return v;
}

static bool same(const struct value *a, const struct value *b)
{
	return a->number == b->number && !a->text == !b->text &&
	       (!a->text || strcmp(a->text, b->text) == 0);
}

bool value_same(const struct conf_row *row, const void *a, const void *b)
{
	const size_t n = value_count(row, a);
	char buf_a[VALUE_STRLEN], buf_b[VALUE_STRLEN];

	if (n != value_count(row, b))
		return false;
	for (size_t i = 0; i < n; i++) {
		const struct value va = value_get(row, a, i, buf_a),
				   vb = value_get(row, b, i, buf_b);

		if (!same(&va, &vb))
			return false;
	}
	return true;
}

bool value_is_default(const struct conf_row *row, const void *base)
{
	const size_t n = value_count(row, base);
	char buf[VALUE_STRLEN];

	if (!row->value || value_is_array(row))
		return n == 0;
	const struct value v = value_get(row, base, 0, buf), d = value_of_default(row);

	return same(&v, &d);
}

int value_copy(const struct conf_row *row, void *to, const void *from, struct conf_arena *arena)
{
	const struct field f = field_of(row, from);

	return types[row->type].copy ? types[row->type].copy(&f, (char *)to + row->offset, arena)
				     : 0;
}

int value_assign(const struct conf_row *row, void *to, const void *from, struct conf_arena *arena)
{
	memcpy((char *)to + row->offset, (const char *)from + row->offset, row->size);
	memcpy((char *)to + row->count_offset, (const char *)from + row->count_offset,
		types[row->type].second);
	return value_copy(row, to, from, arena);
}

void value_clear(const struct conf_row *row, void *base)
{
	memset((char *)base + row->offset, 0, row->size);
	memset((char *)base + row->count_offset, 0, types[row->type].second);
}

static void write_text(FILE *f, const char *text)
{
	fputc('"', f);
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			fputc('\\', f);
		fputc(*text, f);
	}
	fputc('"', f);
}

static void write_one(FILE *f, const struct conf_row *row, const struct value *v)
{
	if (v->text)
		write_text(f, v->text);
	else if (value_kind(row) == VALUE_BOOL)
		fputs(v->number ? "true" : "false", f);
	else
		fprintf(f, "%lld", (long long)v->number);
}

void value_write(FILE *f, const struct conf_row *row, const void *base)
{
	const size_t n = value_count(row, base);
	char buf[VALUE_STRLEN];

	if (value_is_array(row))
		fputs("[ ", f);
	for (size_t i = 0; i < n; i++) {
		const struct value v = value_get(row, base, i, buf);

		fputs(i ? ", " : "", f);
		write_one(f, row, &v);
	}
	if (value_is_array(row))
		fputs(n ? " ]" : "]", f);
}
