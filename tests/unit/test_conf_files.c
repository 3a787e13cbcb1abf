/* SPDX-License-Identifier: BSD-3-Clause */

/* Files: the corpus in tests/unit/conf, what is generated, and input of any size and shape. */

#include <dirent.h>
#include <time.h>
#include <unistd.h>

#include "conf_text.h"
#include "conf/schema.h"

/* "//! 12: text" in the file is a wanted message of line 12, "//! name:12: text" one of another
 * file beside it. PATH and DIR stand for the file and its folder. */
static char *wanted_messages(const char *dir, const char *path)
{
	char line[1024], *all = NULL, *p, *colon;
	size_t len;
	FILE *in = fopen(path, "r"), *out = open_memstream(&all, &len);

	assert_non_null(in);
	while (fgets(line, sizeof line, in)) {
		if (strncmp(line, "//! ", 4) != 0)
			continue;
		p = line + 4;
		colon = strchr(p, ':');
		if (colon[1] == ' ')
			fprintf(out, "%s:", path);
		else
			fprintf(out, "%s/", dir);
		for (; *p; p++) {
			if (strncmp(p, "PATH", 4) == 0)
				fputs(path, out);
			else if (strncmp(p, "DIR", 3) == 0)
				fputs(dir, out);
			else {
				fputc(*p, out);
				continue;
			}
			p += *p == 'P' ? 3 : 2;
		}
	}
	fclose(in);
	fclose(out);
	return all;
}

static char *read_messages(const char *path)
{
	struct sl_err err = SL_ERR_INIT;
	struct conf *conf = (struct conf *)1;
	char *all = NULL;
	size_t len;
	FILE *f = open_memstream(&all, &len);
	const int rc = conf_read(path, &conf, &err);

	for (size_t i = 0; i < err.count; i++)
		fprintf(f, "%s\n", err.text[i]);
	fclose(f);
	assert_true((rc == 0) == (err.count == 0));
	assert_true((rc == 0) == (conf != NULL));
	conf_free(conf);
	sl_err_clear(&err);
	return all;
}

static unsigned int corpus(const char *dir)
{
	DIR *d = opendir(dir);
	unsigned int files = 0;
	struct dirent *e;
	char path[4096];

	assert_non_null(d);
	while ((e = readdir(d))) {
		const char *dot = strrchr(e->d_name, '.');

		if (!dot || strcmp(dot, ".conf") != 0)
			continue;
		snprintf(path, sizeof path, "%s/%s", dir, e->d_name);
		char *wanted = wanted_messages(dir, path), *got = read_messages(path);

		assert_string_equal(got, wanted);
		free(wanted);
		free(got);
		files++;
	}
	closedir(d);
	return files;
}

static void corpus_files(void **state)
{
	assert_int_equal(corpus(SLUICE_SOURCE_ROOT "/tests/unit/conf/good"), 1);
	assert_int_equal(corpus(SLUICE_SOURCE_ROOT "/tests/unit/conf/bad"), 14);
	assert_int_equal(corpus(SLUICE_SOURCE_ROOT "/config"), 2);
}

static void files_that_cannot_be_read(void **state)
{
	struct sl_err err = SL_ERR_INIT;
	struct conf *conf;

	assert_int_equal(conf_read("/nonexistent/x.conf", &conf, &err), -ENOENT);
	assert_null(conf);
	assert_int_equal(conf_load("/", &conf, &err), -EISDIR);
	assert_int_equal(conf_load("/dev/zero", &conf, &err), -EFBIG);
	assert_string_equal(err.text[0], "/nonexistent/x.conf: No such file or directory");
	assert_string_equal(err.text[1], "/: Is a directory");
	assert_string_equal(err.text[2], "/dev/zero: File too large");
	sl_err_clear(&err);
	/* Nobody has to listen. */
	assert_int_equal(conf_load_text("a = ", "t", &conf, NULL), -EINVAL);
	assert_int_equal(conf_load_text("a = 1; b = 2;", "t", &conf, NULL), -EINVAL);
}

/* Of CPU: how long a busy machine lets us wait is not judged. */
static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void ten_thousand_backends(void **state)
{
	char *text = many_backends(10000, 0, "");
	double start = seconds();
	struct conf *conf = good(text);
	struct sl_err err = SL_ERR_INIT;

	print_message("10,000 backends: %.0f ms\n", (seconds() - start) * 1e3);
	assert_true(seconds() - start < 3);
	assert_int_equal(conf->pools[0].n_backends, 10000);
	assert_address(&conf->pools[0].backends[9999].address, "10.1.39.15");
	conf_free(conf);
	free(text);

	text = many_backends(10000, 9999, "");
	start = seconds();
	assert_int_equal(conf_load_text(text, "t", &conf, &err), 0);
	assert_int_equal(conf_check(conf, &err), -EINVAL);
	assert_true(seconds() - start < 3);
	assert_int_equal(err.count + err.dropped, 2 * 9999);
	assert_string_equal(err.text[0], "t:4: pool \"p\": backend \"b0\" exists already (t:3)");
	sl_err_clear(&err);
	conf_free(conf);
	free(text);

	text = many_backends(16384, 0, "");
	expect(text, "t:2: pool \"p\": backends has 16384 elements, at most 16383 are allowed");
	free(text);
}

/* 16,384 backends, but in two pools. */
static void backends_of_all_pools_count(void **state)
{
	char *one = many_backends(8192, 0, ""), *two;
	const char *list = strstr(one, "backends = (");

	assert_true(asprintf(&two, "%.*s }, { name = \"q\"; %s", (int)(strlen(one) - 6), one,
			    list) > 0);
	expect(two, "t:2: 16384 backends in all pools, at most 16383 are allowed");
	free(one);
	free(two);
}

/* As many references as can dangle, each looking for the nearest of as many names. */
static void many_dangling_references(void **state)
{
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);
	struct sl_err err = SL_ERR_INIT;
	struct conf *conf;
	const double start = seconds();

	fputs(PORT "pools = (\n", f);
	for (int i = 0; i < CONF_MAX_POOLS; i++)
		fprintf(f, "%s{ name = \"a-rather-long-name-of-a-pool-that-ends-in-%04d\"; }",
			i ? "," : "", i);
	fputs(");\nvips = (\n", f);
	for (int i = 0; i < CONF_MAX_VIPS; i++)
		fprintf(f,
			"%s{ name = \"v%d\"; address = \"10.1.%d.%d\"; port = 80; pool = "
			"\"a-rather-long-name-of-a-pool-that-ends-in-x%04d\"; }",
			i ? "," : "", i, i / 256, i % 256, i);
	fputs(");\n", f);
	fclose(f);
	assert_int_equal(conf_load_text(text, "t", &conf, &err), 0);
	assert_int_equal(conf_check(conf, &err), -EINVAL);
	assert_int_equal(err.count + err.dropped, CONF_MAX_VIPS);
	assert_non_null(strstr(
		err.text[7], "did you mean \"a-rather-long-name-of-a-pool-that-ends-in-0007\""));
	print_message("4,096 dangling references: %.0f ms\n", (seconds() - start) * 1e3);
	assert_true(seconds() - start < 30);
	sl_err_clear(&err);
	conf_free(conf);
	free(text);
}

/* head + body repeated up to 10 MB + tail. */
static char *ten_megabytes(const char *head, const char *body, const char *tail)
{
	const size_t size = 10U << 20, n = strlen(body);
	char *text = malloc(size + strlen(head) + strlen(tail) + n + 1), *p = text;

	p = stpcpy(p, head);
	while (p < text + size) {
		memcpy(p, body, n);
		p += n;
	}
	strcpy(p, tail);
	return text;
}

static void ten_megabytes_of_anything(void **state)
{
	static const struct {
		const char *head, *body, *tail, *message;
	} rows[] = {
		{PORT, "// comment\n", "", ""},
		{PORT "/*", "comment\n", "*/", ""},
		{PORT, "\n", "", ""},
		{PORT "eal = { file_prefix = \"", "x", "\"; };",
			"t:2: eal: file_prefix has 10485667 bytes, at most 64 are allowed"},
		{PORT, "a = 1; ", "", "t:2: more than 64 keys in one group"},
		{PORT "pools = (", "{},", ");", "t:2: more than 65536 elements in one list"},
		{PORT "eal = { workers = [", "1,", "]; };",
			"t:2: more than 65536 elements in one list"},
		{PORT "pools = (", "(", "", "t:2: brackets nested deeper than 16"},
		{PORT "eal = { lanes = ", "9", "; };",
			"t:2: 99999999999999999999... is not a number"},
		{PORT "", "a", " = 1;",
			"t:2: unknown key "
			"\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\""},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char *text = ten_megabytes(rows[i].head, rows[i].body, rows[i].tail);
		const double start = seconds();
		char *got = mistakes(text);

		assert_string_equal(got, rows[i].message);
		assert_true(seconds() - start < 10);
		free(got);
		free(text);
	}
}

static void more_than_all_files_may_hold(void **state)
{
	const size_t size = (64U << 20) + 1;
	char *text = malloc(size + 1);

	memset(text, '\n', size);
	text[size] = '\0';
	expect(text, "t:1: more than 64 MiB of configuration");
	free(text);
}

/* 0.conf includes 1.conf and so on to `last`; there is the port. */
static char *include_chain(const char *dir, int last)
{
	char path[256];

	for (int i = 0; i <= last; i++) {
		snprintf(path, sizeof path, "%s/%d.conf", dir, i);
		FILE *f = fopen(path, "w");

		assert_non_null(f);
		if (i < last)
			fprintf(f, "@include \"%d.conf\"\n", i + 1);
		else
			fputs(PORT, f);
		fclose(f);
	}
	snprintf(path, sizeof path, "%s/0.conf", dir);
	return read_messages(path);
}

static void includes_in_includes(void **state)
{
	char dir[] = "/tmp/sluice-test-conf-XXXXXX", wanted[256], path[256], *got;

	assert_non_null(mkdtemp(dir));
	got = include_chain(dir, 10);
	assert_string_equal(got, "");
	free(got);
	got = include_chain(dir, 11);
	snprintf(wanted, sizeof wanted,
		"%s/10.conf:1: @include \"%s/11.conf\": more than 10 files include each other\n",
		dir, dir);
	assert_string_equal(got, wanted);
	free(got);
	for (int i = 0; i <= 11; i++) {
		snprintf(path, sizeof path, "%s/%d.conf", dir, i);
		assert_int_equal(unlink(path), 0);
	}
	assert_int_equal(rmdir(dir), 0);
}

static char *generated(void (*write)(FILE *f))
{
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	write(f);
	fclose(f);
	return text;
}

__attribute__((noinline)) static char *file_text(const char *path)
{
	char *text = NULL;
	size_t room = 0;
	FILE *f = fopen(path, "r");

	assert_non_null(f);
	assert_true(getdelim(&text, &room, '\0', f) > 0);
	fclose(f);
	return text;
}

/* A file that was cut off anywhere is refused or, cut between two keys, still sound. Never anything
 * else. */
static void every_truncation(void **state)
{
	char *text = generated(conf_write_full);
	size_t refused = 0;

	for (size_t len = strlen(text); len-- > 0;) {
		text[len] = '\0';
		char *got = mistakes(text);

		refused += *got != '\0';
		free(got);
	}
	assert_true(refused > 3000);
	free(text);
}

static void every_byte_replaced(void **state)
{
	static const char bytes[] = "\"{}()[]=;,/*@-9\\x\n\377";
	char *text = generated(conf_write_full);

	for (size_t i = 0; text[i]; i++) {
		const char kept = text[i];

		text[i] = bytes[i % (sizeof bytes - 1)];
		free(mistakes(text));
		text[i] = kept;
	}
	free(text);
}

static void generated_files_are_current(void **state)
{
	char *full = generated(conf_write_full), *doc = generated(conf_write_doc);
	char *full_file = file_text(SLUICE_SOURCE_ROOT "/config/sluice.full.conf");
	char *doc_file = file_text(SLUICE_SOURCE_ROOT "/docs/config.md");
	static const char begin[] = "<!-- keys: generated -->\n", end[] = "<!-- keys: end -->\n";
	char *table = strstr(doc_file, begin);

	assert_string_equal(full_file, full);
	assert_non_null(table);
	table += strlen(begin);
	assert_non_null(strstr(table, end));
	*strstr(table, end) = '\0';
	assert_string_equal(table, doc);
	free(full);
	free(doc);
	free(full_file);
	free(doc_file);
}

/* Every row stands in the full file, and its default there is what a file without it gets. */
static void full_file_has_every_key(void **state)
{
	char *full = generated(conf_write_full), key[128];
	struct conf *conf = good(full);

	for (const struct conf_row *row = conf_rows; row < conf_rows + conf_n_rows; row++) {
		const char *dot = strrchr(row->path, '.');

		snprintf(key, sizeof key, " %s = ", dot ? dot + 1 : row->path);
		assert_non_null(strstr(full, dot ? key : key + 1));
		assert_non_null(row->help);
	}
	assert_int_equal(conf->n_ports + conf->n_pools + conf->n_vips, 3);
	assert_int_equal(conf->pools[0].backends[0].weight, 100);
	assert_memory_equal(conf->cluster.hash_key, CONF_BUILTIN_HASH_KEY, CONF_KEY_BYTES);
	conf_free(conf);
	free(full);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(corpus_files),
		cmocka_unit_test(files_that_cannot_be_read),
		cmocka_unit_test(ten_thousand_backends),
		cmocka_unit_test(backends_of_all_pools_count),
		cmocka_unit_test(many_dangling_references),
		cmocka_unit_test(ten_megabytes_of_anything),
		cmocka_unit_test(more_than_all_files_may_hold),
		cmocka_unit_test(includes_in_includes),
		cmocka_unit_test(every_truncation),
		cmocka_unit_test(every_byte_replaced),
		cmocka_unit_test(generated_files_are_current),
		cmocka_unit_test(full_file_has_every_key),
	};

	return cmocka_run_group_tests_name("conf_files", tests, NULL, NULL);
}
