/* SPDX-License-Identifier: BSD-3-Clause */

#include <stdarg.h>
#include <stdio.h>
#include <time.h>

#include "base/log.h"

static enum log_level log_level = LOG_LEVEL_INFO;
static bool log_journal;

static const struct {
	const char *name;
	int priority; /* syslog(3) */
} levels[] = {
	[LOG_LEVEL_AUDIT] = {"audit", 5},
	[LOG_LEVEL_ERROR] = {"error", 3},
	[LOG_LEVEL_WARN] = {"warning", 4},
	[LOG_LEVEL_INFO] = {"info", 6},
	[LOG_LEVEL_DEBUG] = {"debug", 7},
};

void log_set_level(enum log_level level)
{
	log_level = level;
}

void log_set_journal(bool journal)
{
	log_journal = journal;
}

static int prefix(enum log_level level, char *buf, size_t size)
{
	struct timespec now;
	struct tm tm;

	if (log_journal)
		return snprintf(buf, size, "<%d>", levels[level].priority);
	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &tm);
	return snprintf(buf, size, "%04d-%02d-%02dT%02d:%02d:%02d.%03ldZ %s: ", tm.tm_year + 1900,
		tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, now.tv_nsec / 1000000,
		levels[level].name);
}

void log_write(enum log_level level, const char *fmt, ...)
{
	char line[2048];
	va_list ap;
	int used;

	if (level > log_level)
		return;
	used = prefix(level, line, sizeof line);
	va_start(ap, fmt);
	vsnprintf(line + used, sizeof line - (size_t)used, fmt, ap);
	va_end(ap);
	fprintf(stderr, "%s\n", line); /* one call: lines of two threads do not mix */
}
