/* SPDX-License-Identifier: BSD-3-Clause */

/* sluice-decap: makes a host a backend. In order: filter, kernel settings, addresses on lo, and
 * last the VIPs in the filter's map, so that nothing is decapsulated before it can be received.
 * Undone in reverse. What has to be undone stands in the filter's maps, where the successor of a
 * killed process finds it. */

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <cap-ng.h>

#include "base/addr.h"
#include "base/err.h"
#include "bpf/decap.h"
#include "lo.h"
#include "options.h"
#include "settings.h"

static void print_errors(const struct sl_err *err)
{
	for (size_t i = 0; i < err->count; i++)
		fprintf(stderr, "sluice-decap: %s\n", err->text[i]);
}

/* CAP_PERFMON is for offsets into the packet that are not constant. The kernel takes CAP_SYS_ADMIN
 * for it and for CAP_BPF. */
static int check_capabilities(struct sl_err *err)
{
	static const struct {
		unsigned int cap;
		const char *name;
		bool admin_will_do;
	} needs[] = {
		{CAP_NET_ADMIN, "CAP_NET_ADMIN", false},
		{CAP_BPF, "CAP_BPF", true},
		{CAP_PERFMON, "CAP_PERFMON", true},
	};
	char missing[64] = "";

	if (capng_get_caps_process())
		return sl_err_add(err, "cannot read the capabilities of this process");
	const bool admin = capng_have_capability(CAPNG_EFFECTIVE, CAP_SYS_ADMIN);

	for (size_t i = 0; i < sizeof needs / sizeof *needs; i++) {
		if (!capng_have_capability(CAPNG_EFFECTIVE, needs[i].cap) &&
			!(admin && needs[i].admin_will_do)) {
			strcat(missing, " ");
			strcat(missing, needs[i].name);
		}
	}
	if (!*missing)
		return 0;
	sl_err_add(err, "missing capability:%s; run sluice-decap as root", missing);
	return -EPERM;
}

/* One process per interface and network namespace: an abstract socket's name is free again as soon
 * as its owner is gone, however it went. Returns the socket or -errno. */
static int lock(const char *ifname, struct sl_err *err)
{
	struct sockaddr_un sun = {.sun_family = AF_UNIX};
	char *name = sun.sun_path + 1;
	const int n = snprintf(name, sizeof sun.sun_path - 1, "sluice-decap/%s", ifname);
	const socklen_t len = offsetof(struct sockaddr_un, sun_path) + 1 + (socklen_t)n;
	const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return sl_err_sys(err, errno, "lock of interface %s", ifname);
	if (bind(fd, (struct sockaddr *)&sun, len) == 0)
		return fd;
	const int rc = -errno;

	close(fd);
	if (rc == -EADDRINUSE)
		sl_err_add(err, "another sluice-decap is running on interface %s", ifname);
	else
		sl_err_sys(err, rc, "lock of interface %s", ifname);
	return rc;
}

static bool wanted(const struct options *o, const struct sl_prefix *vip)
{
	for (size_t i = 0; i < o->vips.count; i++) {
		if (sl_prefix_eq(&o->vips.item[i], vip))
			return true;
	}
	return false;
}

/* Forget the VIPs of a predecessor that are not wanted (o = NULL: all), and take off lo what was
 * added. */
static int drop_vips(struct decap *d, const struct options *o, struct sl_err *err)
{
	struct sl_prefix *list;
	size_t n;
	int rc = decap_vips(d, &list, &n);

	if (rc)
		return sl_err_sys(err, rc, "list of VIPs");
	for (size_t i = 0; i < n; i++) {
		if (o && wanted(o, &list[i]))
			continue;
		if ((decap_vip_flags(d, &list[i]) & DECAP_ADDED) && lo_remove(&list[i], err))
			rc = -EIO;
		else if (decap_vip_set(d, &list[i], 0, err))
			rc = -EIO;
	}
	free(list);
	return rc;
}

/* An address that is on lo already stays there at exit, unless a predecessor of ours put it
 * there. */
static int add_vip(struct decap *d, const struct sl_prefix *vip, struct sl_err *err)
{
	const uint32_t before = decap_vip_flags(d, vip);
	const int rc = lo_add(vip, err);

	if (rc && rc != -EEXIST)
		return rc;
	return decap_vip_set(
		d, vip, DECAP_VIP | (rc == 0 ? DECAP_ADDED : before & DECAP_ADDED), err);
}

static const struct sl_addr *wanted_dscp(const struct options *o, uint8_t dscp, bool v6)
{
	for (size_t i = 0; o && i < o->dscp.count; i++) {
		const struct dscp_vip *d = &o->dscp.item[i];

		if (d->dscp == dscp && sl_addr_is4(&d->vip) != v6)
			return &d->vip;
	}
	return NULL;
}

/* What each DSCP stands for; a predecessor's that are not wanted go (o = NULL: all). A value that
 * stays is written again, which no packet notices. */
static int set_dscp(struct decap *d, const struct options *o, struct sl_err *err)
{
	int rc = 0;

	for (uint8_t dscp = 1; dscp < DECAP_DSCP_VALUES && rc == 0; dscp++) {
		rc = decap_dscp_set(d, dscp, false, wanted_dscp(o, dscp, false), err);
		if (rc == 0)
			rc = decap_dscp_set(d, dscp, true, wanted_dscp(o, dscp, true), err);
	}
	return rc;
}

static int set_up(struct decap *d, const struct options *o, struct sl_err *err)
{
	bool v4 = false, v6 = false;
	int rc = lo_check(err);

	for (size_t i = 0; i < o->vips.count; i++) {
		v4 |= sl_addr_is4(&o->vips.item[i].address);
		v6 |= !sl_addr_is4(&o->vips.item[i].address);
	}
	if (rc == 0 && v6)
		rc = settings_check_ipv6(o->ifname, err);
	if (rc == 0)
		rc = drop_vips(d, o, err);
	if (rc == 0 && v4)
		rc = settings_apply(d, o->ifname, err);
	for (size_t i = 0; i < o->vips.count && rc == 0; i++)
		rc = add_vip(d, &o->vips.item[i], err);
	return rc ? rc : set_dscp(d, o, err);
}

static int take_down(struct decap *d, const char *ifname, struct sl_err *err)
{
	const int forgot = set_dscp(d, NULL, err);
	const int dropped = drop_vips(d, NULL, err);
	const int rc = forgot ? forgot : dropped;

	settings_restore(d, ifname);
	decap_close(d);
	return rc;
}

static void say_ready(const struct options *o)
{
	char text[SL_PREFIX_STRLEN];

	printf("ready: %s decapsulates for", o->ifname);
	for (size_t i = 0; i < o->vips.count; i++)
		printf(" %s", sl_prefix_format_short(&o->vips.item[i], text));
	printf("\n");
	fflush(stdout);
}

static int run(const struct options *o, const sigset_t *stop, struct sl_err *err)
{
	struct decap *d;
	int rc = check_capabilities(err);

	if (rc)
		return rc;
	const int lock_fd = lock(o->ifname, err);

	if (lock_fd < 0)
		return lock_fd;
	rc = decap_open(o->ifname, o->gue_port, &d, err);
	if (rc == 0) {
		int sig;

		rc = set_up(d, o, err);
		if (rc == 0) {
			say_ready(o);
			sigwait(stop, &sig);
		}
		const int undone = take_down(d, o->ifname, err);

		rc = rc ? rc : undone;
	}
	close(lock_fd);
	return rc;
}

int main(int argc, char **argv)
{
	struct sl_err err = SL_ERR_INIT;
	struct options o = {0};
	sigset_t stop;
	int rc = options_parse(&o, argc, argv, &err);

	if (rc == 0 && o.help) {
		fputs(options_help(), stdout);
	} else if (rc == 0 && o.version) {
		printf("sluice-decap %s\n", SLUICE_VERSION);
	} else if (rc == 0) {
		/* From here on a signal waits until there is nothing half done. */
		sigemptyset(&stop);
		sigaddset(&stop, SIGINT);
		sigaddset(&stop, SIGTERM);
		sigaddset(&stop, SIGHUP);
		sigprocmask(SIG_BLOCK, &stop, NULL);
		signal(SIGPIPE, SIG_IGN);
		rc = run(&o, &stop, &err);
	}
	print_errors(&err);
	sl_err_clear(&err);
	options_free(&o);
	return rc ? 1 : 0;
}
