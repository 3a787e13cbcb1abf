/* SPDX-License-Identifier: BSD-3-Clause */

/* What a start goes by in place of a file that was not confirmed, and files that are whole. */

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conf_text.h"
#include "trial_note.h"
#include "whole_file.h"

static char dir[64], state_dir[80], note[128];

static int setup(void **state)
{
	strcpy(dir, "/tmp/trial_note.XXXXXX");
	if (!mkdtemp(dir))
		return -1;
	snprintf(state_dir, sizeof state_dir, "%s/state", dir);
	snprintf(note, sizeof note, "%s/state/unconfirmed.conf", dir);
	return 0;
}

static int teardown(void **state)
{
	unlink(note);
	rmdir(state_dir);
	return rmdir(dir); /* nothing else was left there */
}

/* A configuration whose port has this MTU, laid out by hand. */
static struct conf *file(unsigned int mtu, const char *layout)
{
	char text[512];

	snprintf(text, sizeof text,
		"daemon = { state_dir = \"%s\"; };%s ports = ( { name = \"wan\"; driver = "
		"\"af_xdp\"; interface = \"eth1\"; mtu = %u; } );",
		state_dir, layout, mtu);
	return good(text);
}

/* Is there something else to start with than this? Returns the MTU that it has, or -errno. */
static int start_with(struct conf *conf, const char *message)
{
	struct sl_err err = SL_ERR_INIT;
	struct conf *before;
	int rc = trial_note_find(conf, &before, &err);

	if (!rc)
		rc = (int)before->ports[0].mtu;
	else
		assert_null(before);
	if (message)
		assert_non_null(strstr(sl_err_first(&err), message));
	else
		assert_int_equal(err.count, 0);
	sl_err_clear(&err);
	conf_free(before);
	return rc;
}

static void file_is_known_again(void **state)
{
	struct conf *before = file(1400, ""), *applied = file(1500, ""),
		    *same = file(1500, "\n\n// by hand\n"), *other = file(1501, "");
	struct sl_err err = SL_ERR_INIT;
	struct stat st;

	assert_int_equal(start_with(applied, NULL), -ENOENT);
	assert_int_equal(trial_note_write(applied, before, &err), 0);
	assert_int_equal(stat(note, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
	assert_int_equal(start_with(applied, NULL), 1400);
	assert_int_equal(start_with(same, NULL), 1400);
	assert_int_equal(start_with(same, NULL), 1400); /* it stays */
	assert_int_equal(start_with(other, NULL), -ENOENT);
	assert_int_equal(access(note, F_OK), -1); /* gone: it was about another file */
	assert_int_equal(start_with(applied, NULL), -ENOENT);
	/* the newest counts */
	assert_int_equal(trial_note_write(applied, before, &err), 0);
	assert_int_equal(trial_note_write(other, applied, &err), 0);
	assert_int_equal(start_with(other, NULL), 1500);
	assert_int_equal(trial_note_remove(state_dir, &err), 0);
	assert_int_equal(trial_note_remove(state_dir, &err), 0);
	assert_int_equal(start_with(other, NULL), -ENOENT);
	assert_int_equal(err.count, 0);
	conf_free(before);
	conf_free(applied);
	conf_free(same);
	conf_free(other);
}

static void put(const char *text)
{
	FILE *f = fopen(note, "w");

	fputs(text, f);
	fclose(f);
}

/* A note that is cut anywhere is not taken for what it is not. */
static void cut_note_is_refused(void **state)
{
	struct conf *before = file(1400, ""), *applied = file(1500, "");
	struct sl_err err = SL_ERR_INIT;
	char text[1024] = "";
	FILE *f;

	assert_int_equal(trial_note_write(applied, before, &err), 0);
	f = fopen(note, "r");
	const size_t len = fread(text, 1, sizeof text - 1, f);

	fclose(f);
	put("");
	assert_int_equal(start_with(applied, "unconfirmed.conf: Invalid argument"), -EINVAL);
	put("ports = ();");
	assert_int_equal(start_with(applied, "unconfirmed.conf: Invalid argument"), -EINVAL);
	put(text);
	assert_int_equal(start_with(applied, NULL), 1400);
	/* its last line closes the list of ports */
	text[len - 3] = '\0';
	put(text);
	assert_int_equal(start_with(applied, "unconfirmed.conf"), -EINVAL);
	assert_int_equal(err.count, 0);
	conf_free(before);
	conf_free(applied);
}

static void one_file_in(const char *path, const char *name)
{
	DIR *d = opendir(path);
	const struct dirent *e;
	unsigned int n = 0;

	while ((e = readdir(d)))
		n += *e->d_name != '.' && strcmp(e->d_name, name) != 0;
	closedir(d);
	assert_int_equal(n, 0);
}

static void file_is_whole_or_as_before(void **state)
{
	struct sl_err err = SL_ERR_INIT;
	char text[16] = "", deep[80];
	FILE *f;

	snprintf(deep, sizeof deep, "%s/a/b/c", dir);
	assert_int_equal(whole_file_write(deep, "x", 1, &err), -EIO);
	assert_non_null(strstr(sl_err_first(&err), "/a/b/c: mkdir: No such file"));
	sl_err_clear(&err);
	assert_int_equal(whole_file_write(note, "one", 3, &err), 0);
	assert_int_equal(whole_file_write(note, "", 0, &err), 0);
	assert_int_equal(whole_file_write(note, "two", 3, &err), 0);
	f = fopen(note, "r");
	assert_int_equal(fread(text, 1, sizeof text, f), 3);
	fclose(f);
	assert_string_equal(text, "two");
	one_file_in(state_dir, "unconfirmed.conf");
	/* in the place of a directory: nothing is left beside it */
	assert_int_equal(whole_file_remove(note, &err), 0);
	assert_int_equal(mkdir(note, 0700), 0);
	assert_int_equal(whole_file_write(note, "one", 3, &err), -EIO);
	assert_non_null(strstr(sl_err_first(&err), "unconfirmed.conf: rename: "));
	one_file_in(state_dir, "unconfirmed.conf");
	assert_int_equal(whole_file_remove(note, &err), -EIO);
	assert_int_equal(rmdir(note), 0);
	sl_err_clear(&err);
}

int main(void)
{
#define IN_DIR(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		IN_DIR(file_is_known_again),
		IN_DIR(cut_note_is_refused),
		IN_DIR(file_is_whole_or_as_before),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
