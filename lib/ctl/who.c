/* SPDX-License-Identifier: BSD-3-Clause */

#include <errno.h>
#include <grp.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "ctl/who.h"

#define GROUPS_FEW      64

#define GROUP_BYTES     (1u << 14)
#define GROUP_BYTES_MAX (1u << 26)

/* The names of all its members have to fit, and nobody says how long they are. */
static int find_group(const char *name, gid_t *gid, bool *found)
{
	struct group entry, *at = NULL;
	int ret = ERANGE;

	for (size_t room = GROUP_BYTES; ret == ERANGE && room <= GROUP_BYTES_MAX; room *= 4) {
		char *buf = malloc(room);

		ret = buf ? getgrnam_r(name, &entry, buf, room, &at) : ENOMEM;
		free(buf);
	}
	*found = at;
	if (at)
		*gid = entry.gr_gid;
	return -ret;
}

int who_group(const char *name, gid_t *gid, struct sl_err *err)
{
	bool found;

	*gid = WHO_NO_GROUP;
	if (!name || !*name)
		return 0;
	const int ret = find_group(name, gid, &found);

	if (ret)
		return sl_err_sys(err, ret, "group \"%s\"", name);
	return found ? 0
		     : sl_err_add(err, "group \"%s\" does not exist: groupadd --system %s", name,
			       name);
}

static enum ctl_role role_of(gid_t gid, const struct who_groups *groups)
{
	if (gid == WHO_NO_GROUP)
		return CTL_ROLE_VIEWER;
	if (gid == groups->admins)
		return CTL_ROLE_ADMIN;
	return gid == groups->operators ? CTL_ROLE_OPERATOR : CTL_ROLE_VIEWER;
}

static enum ctl_role best_role(
	enum ctl_role best, const gid_t *gids, size_t n, const struct who_groups *groups)
{
	for (size_t i = 0; i < n; i++) {
		const enum ctl_role role = role_of(gids[i], groups);

		if (role > best)
			best = role;
	}
	return best;
}

/* ERANGE tells how much room they need; a process has up to 65,536. */
static int supplementary(int fd, const struct who_groups *groups, enum ctl_role *role)
{
	gid_t few[GROUPS_FEW], *gids = few;
	socklen_t size = sizeof few;
	int ret = getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, few, &size) ? -errno : 0;

	if (ret == -ERANGE) {
		gids = malloc(size);
		if (!gids)
			return -ENOMEM;
		ret = getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, gids, &size) ? -errno : 0;
	}
	if (!ret)
		*role = best_role(*role, gids, size / sizeof *gids, groups);
	if (gids != few)
		free(gids);
	return ret;
}

int who_is(int fd, const struct who_groups *groups, struct ctl_caller *caller)
{
	struct ucred cred;
	socklen_t size = sizeof cred;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &size))
		return -errno;
	*caller = (struct ctl_caller){.uid = cred.uid, .pid = cred.pid, .role = CTL_ROLE_ADMIN};
	if (cred.uid == 0)
		return 0;
	caller->role = role_of(cred.gid, groups);
	return supplementary(fd, groups, &caller->role);
}
