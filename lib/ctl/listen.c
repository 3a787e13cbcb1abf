/* SPDX-License-Identifier: BSD-3-Clause */

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "ctl/listen.h"
#include "ctl/who.h"

#define DIRECTORY_MODE 0750
#define SOCKET_MODE    0660
#define BACKLOG        64

#define LOCK_TRIES     40
#define LOCK_WAIT_MS   50

/* A group that cannot pass the directory would see "no such socket" without a word about why. */
static int check_directory(const char *dir, int fd, gid_t gid, struct sl_err *err)
{
	struct stat st;

	if (fstat(fd, &st))
		return sl_err_sys(err, errno, "%s", dir);
	if (gid == WHO_NO_GROUP || (st.st_mode & S_IXOTH) ||
		(st.st_gid == gid && (st.st_mode & S_IXGRP)))
		return 0;
	sl_err_add(err,
		"%s: the control group cannot enter this directory: chgrp %u %s; chmod 0750 %s",
		dir, (unsigned)gid, dir, dir);
	return -EACCES;
}

/* Returns the open directory or -errno. */
static int open_directory(const char *dir, gid_t gid, struct sl_err *err)
{
	const int made = mkdir(dir, DIRECTORY_MODE) == 0;
	int fd, ret = 0;

	if (!made && errno != EEXIST)
		return sl_err_sys(err, errno, "cannot make the directory %s", dir);
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return sl_err_sys(err, errno, "%s", dir);
	if (made && (fchown(fd, (uid_t)-1, gid) || fchmod(fd, DIRECTORY_MODE)))
		ret = sl_err_sys(err, errno, "cannot give %s to the control group", dir);
	if (!ret)
		ret = check_directory(dir, fd, gid, err);
	if (!ret)
		return fd;
	close(fd);
	return ret;
}

/* Two daemons that start together must not each find the other's socket stale: between bind and
 * listen nobody answers on it. */
static int lock_directory(int fd, const char *dir, struct sl_err *err)
{
	for (int i = 0; i < LOCK_TRIES; i++) {
		if (flock(fd, LOCK_EX | LOCK_NB) == 0)
			return 0;
		if (errno != EWOULDBLOCK && errno != EINTR)
			return sl_err_sys(err, errno, "cannot lock %s", dir);
		nanosleep(&(struct timespec){.tv_nsec = LOCK_WAIT_MS * 1000000L}, NULL);
	}
	return sl_err_sys(err, EBUSY, "%s is locked by another program", dir);
}

static int new_socket(void)
{
	return socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

/* Make the path free, or say who has it. */
static int clear_path(const struct sockaddr_un *at, struct sl_err *err)
{
	struct stat st;
	int fd, code;

	if (lstat(at->sun_path, &st))
		return errno == ENOENT ? 0 : sl_err_sys(err, errno, "%s", at->sun_path);
	if (!S_ISSOCK(st.st_mode)) {
		sl_err_add(err, "%s exists and is not a socket: remove it or choose another path",
			at->sun_path);
		return -EEXIST;
	}
	fd = new_socket();
	if (fd < 0)
		return sl_err_sys(err, errno, "control socket");
	code = connect(fd, (const struct sockaddr *)at, sizeof *at) ? errno : 0;
	close(fd);
	if (code == ECONNREFUSED)
		return unlink(at->sun_path) && errno != ENOENT
			       ? sl_err_sys(err, errno, "cannot replace the stale socket %s",
					 at->sun_path)
			       : 0;
	if (code == ENOENT)
		return 0;
	if (code != 0 && code != EAGAIN) /* EAGAIN: alive, with a full backlog */
		return sl_err_sys(err, code, "cannot tell whether %s is in use", at->sun_path);
	sl_err_add(err,
		"%s: another program answers on this socket; stop it or choose another path",
		at->sun_path);
	return -EADDRINUSE;
}

/* fchmod before bind: the file never exists with a wider mode than it will have. */
static int bind_socket(int fd, const struct sockaddr_un *at, gid_t gid, struct sl_err *err)
{
	if (fchmod(fd, SOCKET_MODE) || bind(fd, (const struct sockaddr *)at, sizeof *at))
		return sl_err_sys(err, errno, "cannot bind %s", at->sun_path);
	if (lchown(at->sun_path, (uid_t)-1, gid) || chmod(at->sun_path, SOCKET_MODE) ||
		listen(fd, BACKLOG)) {
		const int code = errno;

		unlink(at->sun_path);
		return sl_err_sys(err, code, "cannot open %s to the control group", at->sun_path);
	}
	return 0;
}

static int open_locked(
	const struct sockaddr_un *at, gid_t gid, struct ctl_listen *out, struct sl_err *err)
{
	struct stat st;
	int ret = clear_path(at, err);

	if (ret)
		return ret;
	out->fd = new_socket();
	if (out->fd < 0)
		return sl_err_sys(err, errno, "control socket");
	ret = bind_socket(out->fd, at, gid, err);
	if (!ret && lstat(at->sun_path, &st))
		ret = sl_err_sys(err, errno, "%s", at->sun_path);
	if (ret) {
		close(out->fd);
		return ret;
	}
	out->dev = st.st_dev;
	out->ino = st.st_ino;
	return 0;
}

int ctl_listen_open(const char *path, const char *group, struct ctl_listen *out, struct sl_err *err)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	char dir[sizeof at.sun_path];
	int fd, ret;
	gid_t gid;

	*out = (struct ctl_listen){.fd = -1};
	if (!*path || strlen(path) >= sizeof at.sun_path) {
		sl_err_add(err, "control socket path \"%s\": 1 to %zu bytes are possible", path,
			sizeof at.sun_path - 1);
		return -ENAMETOOLONG;
	}
	strcpy(at.sun_path, path);
	strcpy(dir, path);
	ret = who_group(group, &gid, err);
	if (ret)
		return ret;
	fd = open_directory(dirname(dir), gid, err);
	if (fd < 0)
		return fd;
	out->path = strdup(path);
	ret = out->path ? lock_directory(fd, dir, err) : sl_err_sys(err, ENOMEM, "control socket");
	if (!ret)
		ret = open_locked(&at, gid, out, err);
	close(fd);
	if (ret)
		free(out->path);
	return ret;
}

void ctl_listen_close(struct ctl_listen *listen)
{
	struct stat st;

	if (lstat(listen->path, &st) == 0 && st.st_dev == listen->dev && st.st_ino == listen->ino)
		unlink(listen->path);
	close(listen->fd);
	free(listen->path);
}
