/* SPDX-License-Identifier: BSD-3-Clause */

/* The log of a program: one line a message to stderr. Library code does not log; it returns errors.
 */

#ifndef SLUICE_BASE_LOG_H
#define SLUICE_BASE_LOG_H

#include <stdbool.h>

enum log_level {
	LOG_LEVEL_AUDIT, /* who changed what: written whatever the level */
	LOG_LEVEL_ERROR,
	LOG_LEVEL_WARN,
	LOG_LEVEL_INFO,
	LOG_LEVEL_DEBUG,
};

/* Lines above this level are not written. Start value: LOG_LEVEL_INFO. */
void log_set_level(enum log_level level);

/* With true every line begins with the syslog priority "<6>" that journald reads (sd-daemon(3)),
 * with false with a UTC time stamp. Start value: false. */
void log_set_journal(bool journal);

/* Write one line. Any thread but a worker. The newline is added. */
void log_write(enum log_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#define log_audit(...) log_write(LOG_LEVEL_AUDIT, __VA_ARGS__)
#define log_error(...) log_write(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warn(...)  log_write(LOG_LEVEL_WARN, __VA_ARGS__)
#define log_info(...)  log_write(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...) log_write(LOG_LEVEL_DEBUG, __VA_ARGS__)

#endif
