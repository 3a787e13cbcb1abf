/* SPDX-License-Identifier: BSD-3-Clause */

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "settings.h"

/* Effective value (of interface and `all`) in bad_from..bad_to -> the interface gets `want`. The
 * order is that of decap_state.setting. */
static const struct setting {
	const char *name;
	int bad_from, bad_to, want;
} settings[DECAP_SETTINGS] = {
	/* A client's packet comes out of a tunnel on an interface that need not lead back to the
	 * client: strict reverse path filtering would drop it, loose does not. */
	{"rp_filter", 1, 1, 2},
	/* With layer 2 DSR the VIP's own network is on the wire: only the balancer may answer ARP
	 * for it... */
	{"arp_ignore", 0, 0, 1},
	/* ...and no request may carry it as sender. */
	{"arp_announce", 0, 1, 2},
};

static int sysctl_open(const char *family, const char *ifname, const char *name, int flags)
{
	char path[PATH_MAX];

	snprintf(path, sizeof path, "/proc/sys/net/%s/conf/%s/%s", family, ifname, name);
	const int fd = open(path, flags | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

static int sysctl_read(const char *family, const char *ifname, const char *name, int *value)
{
	char text[32];
	const int fd = sysctl_open(family, ifname, name, O_RDONLY);

	if (fd < 0)
		return fd;
	const ssize_t n = read(fd, text, sizeof text - 1);
	const int rc = n < 0 ? -errno : 0;

	close(fd);
	if (rc)
		return rc;
	text[n] = '\0';
	*value = atoi(text);
	return 0;
}

static int sysctl_write(const char *ifname, const char *name, int value)
{
	char text[32];
	const int n = snprintf(text, sizeof text, "%d", value);
	const int fd = sysctl_open("ipv4", ifname, name, O_WRONLY);

	if (fd < 0)
		return fd;
	const int rc = write(fd, text, (size_t)n) < 0 ? -errno : 0;

	close(fd);
	return rc;
}

static int apply_one(struct decap *d, const char *ifname, const struct setting *s,
	struct decap_setting *note, struct sl_err *err)
{
	int all, own;
	int rc = sysctl_read("ipv4", "all", s->name, &all);

	if (rc == 0)
		rc = sysctl_read("ipv4", ifname, s->name, &own);
	if (rc)
		return sl_err_sys(err, rc, "net.ipv4.conf.%s.%s", ifname, s->name);
	if (note->changed && own == note->set)
		return 0;
	const int effective = own > all ? own : all;
	const bool change = effective >= s->bad_from && effective <= s->bad_to;

	*note = (struct decap_setting){.before = own, .set = s->want, .changed = change};
	rc = decap_save(d, err);
	if (rc || !change)
		return rc;
	rc = sysctl_write(ifname, s->name, s->want);
	if (rc)
		return sl_err_sys(err, rc, "net.ipv4.conf.%s.%s = %d", ifname, s->name, s->want);
	return 0;
}

int settings_apply(struct decap *d, const char *ifname, struct sl_err *err)
{
	int rc = 0;

	for (int i = 0; i < DECAP_SETTINGS && rc == 0; i++)
		rc = apply_one(d, ifname, &settings[i], &decap_state(d)->setting[i], err);
	return rc;
}

void settings_restore(struct decap *d, const char *ifname)
{
	for (int i = DECAP_SETTINGS - 1; i >= 0; i--) {
		struct decap_setting *note = &decap_state(d)->setting[i];
		int now;

		if (note->changed && sysctl_read("ipv4", ifname, settings[i].name, &now) == 0 &&
			now == note->set)
			sysctl_write(ifname, settings[i].name, note->before);
		note->changed = 0;
	}
}

int settings_check_ipv6(const char *ifname, struct sl_err *err)
{
	const char *const names[] = {ifname, "lo"};

	for (int i = 0; i < 2; i++) {
		int off;

		if (sysctl_read("ipv6", names[i], "disable_ipv6", &off))
			return sl_err_add(err, "this kernel has no IPv6: leave the IPv6 VIPs out");
		if (off)
			return sl_err_add(err,
				"IPv6 is off on %s: sysctl -w net.ipv6.conf.%s.disable_ipv6=0",
				names[i], names[i]);
	}
	return 0;
}
