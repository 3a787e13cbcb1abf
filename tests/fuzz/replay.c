/* SPDX-License-Identifier: BSD-3-Clause */

/* A fuzzer's inputs of the past, run again by any compiler as a test, and changes of them at
 * random:
 *
 *     fuzz_NAME_replay SEEDS ROUNDS     all inputs, then so many changed ones
 *     fuzz_NAME_replay SEEDS --to DIR   write them as files, for the corpus of libFuzzer
 *     fuzz_NAME_replay --from FILE...   files as lines of SEEDS, on standard output
 *
 * SEEDS has an input a line; \\ and \xHH stand for bytes that a line cannot have, # begins a
 * comment. FUZZ_SEED=N makes the same changes again. */

#include <ctype.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define INPUT_MAX 4096
#define SEEDS_MAX 2048

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv) __attribute__((weak));

struct input {
	uint8_t *bytes;
	size_t len;
};

static struct input seeds[SEEDS_MAX];
static size_t n_seeds;

/* -- seeds as text -- */

static void die(const char *what, const char *about)
{
	fprintf(stderr, "%s: %s\n", about, what);
	exit(1);
}

/* In place; the text is never shorter than the bytes. False when an escape is wrong. */
static bool unescape(char *text, size_t *len)
{
	size_t n = 0;

	for (const char *at = text; *at; at++) {
		char hex[3] = {0};

		if (*at != '\\') {
			text[n++] = *at;
		} else if (at[1] == '\\') {
			text[n++] = *++at;
		} else if (at[1] == 'x' && isxdigit(at[2]) && isxdigit(at[3])) {
			memcpy(hex, at + 2, 2);
			text[n++] = (char)strtol(hex, NULL, 16);
			at += 3;
		} else {
			return false;
		}
	}
	*len = n;
	return true;
}

static void read_seeds(const char *path)
{
	FILE *f = fopen(path, "re");
	char *line = NULL;
	size_t room = 0;
	ssize_t n;

	if (!f)
		die("cannot be read", path);
	while ((n = getline(&line, &room, f)) > 0) {
		struct input *in = &seeds[n_seeds];

		line[strcspn(line, "\n")] = '\0';
		if (*line == '#')
			continue;
		if (n_seeds == SEEDS_MAX || !unescape(line, &in->len) || in->len > INPUT_MAX)
			die("too many, too long, or a wrong escape", path);
		in->bytes = malloc(in->len + 1);
		if (!in->bytes)
			die("no memory", path);
		memcpy(in->bytes, line, in->len);
		n_seeds++;
	}
	free(line);
	fclose(f);
}

static void print_escaped(FILE *f)
{
	bool first = true;

	for (int c; (c = getc(f)) != EOF; first = false) {
		if (c == '\\')
			printf("\\\\");
		else if (c < 0x20 || c >= 0x7f || (first && c == '#'))
			printf("\\x%02x", (unsigned int)c);
		else
			putchar(c);
	}
	putchar('\n');
}

static int from_files(int n, char **paths)
{
	for (int i = 0; i < n; i++) {
		FILE *f = fopen(paths[i], "re");

		if (!f)
			die("cannot be read", paths[i]);
		print_escaped(f);
		fclose(f);
	}
	return 0;
}

static int to_files(const char *dir)
{
	char path[512];

	for (size_t i = 0; i < n_seeds; i++) {
		FILE *f;

		snprintf(path, sizeof path, "%s/seed-%04zu", dir, i);
		f = fopen(path, "we");
		if (!f || fwrite(seeds[i].bytes, 1, seeds[i].len, f) != seeds[i].len || fclose(f))
			die("cannot be written", path);
	}
	return 0;
}

/* -- changes at random -- */

static uint64_t state;

/* xorshift64* (Vigna, "An experimental exploration of Marsaglia's xorshift generators"). */
static uint32_t draw(size_t below)
{
	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return (uint32_t)((state * 0x2545f4914f6cdd1dULL) >> 32) % (uint32_t)(below ? below : 1);
}

/* A piece of another input, over what is there or between it. */
static void splice(struct input *in)
{
	const struct input *other = &seeds[draw(n_seeds)];
	const size_t from = draw(other->len), at = draw(in->len + 1);
	size_t n = draw(other->len - from + 1);

	if (n > INPUT_MAX - at)
		n = INPUT_MAX - at;
	if (draw(2) && in->len + n <= INPUT_MAX) {
		memmove(in->bytes + at + n, in->bytes + at, in->len - at);
		in->len += n;
	}
	memcpy(in->bytes + at, other->bytes + from, n);
	if (in->len < at + n)
		in->len = at + n;
}

static void change(struct input *in)
{
	const size_t at = draw(in->len);
	size_t n = draw(in->len - at + 1);

	switch (draw(4)) {
	case 0:
		if (in->len)
			in->bytes[at] ^= (uint8_t)(1u << draw(8));
		return;
	case 1:
		if (in->len)
			in->bytes[at] = (uint8_t)draw(256);
		return;
	case 2:
		memmove(in->bytes + at, in->bytes + at + n, in->len - at - n);
		in->len -= n;
		return;
	default:
		splice(in);
	}
}

/* In a block of its own length, so that a sanitizer sees a byte read beyond it. */
static void run(const uint8_t *bytes, size_t len)
{
	uint8_t *copy = malloc(len ? len : 1);

	if (!copy)
		die("no memory", "input");
	memcpy(copy, bytes, len);
	LLVMFuzzerTestOneInput(copy, len);
	free(copy);
}

static void run_changed(void)
{
	static uint8_t bytes[INPUT_MAX];
	const struct input *seed = &seeds[draw(n_seeds)];
	struct input in = {bytes, seed->len};

	memcpy(bytes, seed->bytes, seed->len);
	for (uint32_t i = 1 + draw(4); i; i--)
		change(&in);
	run(in.bytes, in.len);
}

int main(int argc, char **argv)
{
	const char *seed = getenv("FUZZ_SEED");
	unsigned long rounds;

	if (argc > 2 && strcmp(argv[1], "--from") == 0)
		return from_files(argc - 2, argv + 2);
	if (argc != 3 && (argc != 4 || strcmp(argv[2], "--to") != 0))
		die("SEEDS ROUNDS, or SEEDS --to DIR", argv[0]);
	read_seeds(argv[1]);
	if (argc == 4)
		return to_files(argv[3]);
	rounds = strtoul(argv[2], NULL, 10);
	state = seed ? strtoull(seed, NULL, 10) : (uint64_t)time(NULL);
	printf("FUZZ_SEED=%llu, %zu inputs, %lu changed ones\n", (unsigned long long)state, n_seeds,
		rounds);
	fflush(stdout);
	if (!state || !n_seeds)
		die("there is nothing to run", argv[1]);
	if (LLVMFuzzerInitialize)
		LLVMFuzzerInitialize(&argc, &argv);
	for (size_t i = 0; i < n_seeds; i++)
		run(seeds[i].bytes, seeds[i].len);
	for (unsigned long i = 0; i < rounds; i++)
		run_changed();
	for (size_t i = 0; i < n_seeds; i++)
		free(seeds[i].bytes);
	return 0;
}
