/* SPDX-License-Identifier: BSD-3-Clause */

/* A wall clock that jumps, for LD_PRELOAD: all that ask it are told so many seconds more as the
 * file named by WALL_CLOCK_FILE says at that moment, one int64_t. Other clocks are the kernel's.
 * Any thread. */

#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static const volatile int64_t *offset;

/* A test must not go on with the true clock. */
__attribute__((constructor)) static void find_offset(void)
{
	const char *path = getenv("WALL_CLOCK_FILE");
	const int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	void *at = fd < 0 ? MAP_FAILED : mmap(NULL, sizeof *offset, PROT_READ, MAP_SHARED, fd, 0);

	if (at == MAP_FAILED)
		abort();
	close(fd);
	offset = at;
}

int clock_gettime(clockid_t clock, struct timespec *now)
{
	const int rc = (int)syscall(SYS_clock_gettime, clock, now);

	if (rc == 0 && offset && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
		now->tv_sec += *offset;
	return rc;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone)
{
	struct timespec ts;
	const int rc = clock_gettime(CLOCK_REALTIME, &ts);

	if (rc == 0)
		*now = (struct timeval){ts.tv_sec, ts.tv_nsec / 1000};
	return rc;
}

time_t time(time_t *now)
{
	struct timespec ts;

	if (clock_gettime(CLOCK_REALTIME, &ts))
		return (time_t)-1;
	if (now)
		*now = ts.tv_sec;
	return ts.tv_sec;
}

int timespec_get(struct timespec *now, int base)
{
	return base == TIME_UTC && clock_gettime(CLOCK_REALTIME, now) == 0 ? base : 0;
}
