/* SPDX-License-Identifier: BSD-3-Clause */

#include <errno.h>
#include <getopt.h>
#include <net/if.h>
#include <string.h>

#include "bpf/shared.h"
#include "options.h"

enum { OPT_VIP = 256 };

static const struct option longs[] = {
	{"vip", required_argument, NULL, OPT_VIP},
	{"interface", required_argument, NULL, 'i'},
	{"help", no_argument, NULL, 'h'},
	{"version", no_argument, NULL, 'V'},
	{0},
};

const char *options_help(void)
{
	return "usage: sluice-decap --vip ADDR... --interface IF\n"
	       "\n"
	       "Makes this host a backend of Sluice until it gets SIGINT or SIGTERM: takes\n"
	       "the outer header off 4in4, 6in6, 4in6 and 6in4 packets for the VIPs that\n"
	       "arrive on the interface, and holds the VIPs on lo. For layer 2 DSR the same\n"
	       "is right: nothing is encapsulated then.\n"
	       "\n"
	       "  --vip ADDR...        one or more addresses, IPv4 or IPv6, or prefixes\n"
	       "                       as 203.0.113.16/28; may be repeated\n"
	       "  -i, --interface IF   Ethernet interface that the balancer sends to\n"
	       "  -h, --help           this text\n"
	       "  -V, --version        print the version\n"
	       "\n"
	       "Prints a line that begins with \"ready:\" when it is. On exit everything is as\n"
	       "it was: the filter, what it added to lo, and the settings\n"
	       "net.ipv4.conf.IF.rp_filter (strict becomes loose), arp_ignore (at least 1)\n"
	       "and arp_announce (2). After a kill -9 the filter works on, and the next start\n"
	       "takes everything over. Needs CAP_NET_ADMIN, CAP_BPF and CAP_PERFMON, and to\n"
	       "take over CAP_SYS_ADMIN.\n"
	       "\n"
	       "Not decapsulated: outer fragments, VLAN-tagged frames (use the VLAN\n"
	       "interface), and outer IPv6 extension headers other than the tunnel\n"
	       "encapsulation limit.\n";
}

static int add_vip(struct options *o, const char *text, struct sl_err *err)
{
	struct sl_prefix p, *slot;

	if (sl_prefix_parse(text, &p))
		return sl_err_add(err, "--vip %s: not an IPv4 or IPv6 address%s", text,
			strchr(text, '/') ? ", nor a prefix with no bit set behind it" : "");
	if (!sl_addr_is_host(&p.address))
		return sl_err_add(err, "--vip %s: not an address that a VIP can have", text);
	sl_array_each (&o->vips, have) {
		if (sl_prefix_eq(have, &p))
			return 0;
	}
	if (o->vips.count == DECAP_VIPS_MAX)
		return sl_err_add(err, "--vip: more than %d addresses", DECAP_VIPS_MAX);
	slot = sl_array_add(&o->vips);
	if (!slot)
		return sl_err_sys(err, ENOMEM, "--vip");
	*slot = p;
	return 0;
}

static int check_complete(const struct options *o, struct sl_err *err)
{
	if (!o->ifname)
		sl_err_add(err, "--interface is missing");
	else if (!*o->ifname || strlen(o->ifname) >= IFNAMSIZ || strchr(o->ifname, '/'))
		sl_err_add(err, "--interface %s: not the name of an interface", o->ifname);
	if (!o->vips.count)
		sl_err_add(err, "--vip is missing");
	return err->count ? -EINVAL : 0;
}

int options_parse(struct options *o, int argc, char **argv, struct sl_err *err)
{
	bool vip_before = false; /* so a plain word is one more address */

	opterr = 0;
	for (int c; (c = getopt_long(argc, argv, "-:i:hV", longs, NULL)) != -1;) {
		if (c == OPT_VIP || (c == 1 && vip_before))
			add_vip(o, optarg, err);
		else if (c == 'i')
			o->ifname = optarg;
		else if (c == 'h')
			o->help = true;
		else if (c == 'V')
			o->version = true;
		else if (c == ':')
			sl_err_add(err, "%s needs a value", argv[optind - 1]);
		else
			sl_err_add(
				err, "%s: unknown; see --help", c == 1 ? optarg : argv[optind - 1]);
		vip_before = c == OPT_VIP || (c == 1 && vip_before);
	}
	if (optind < argc)
		sl_err_add(err, "%s: unknown; see --help", argv[optind]);
	if (o->help || o->version)
		return 0;
	if (err->count)
		return -EINVAL;
	return check_complete(o, err);
}

void options_free(struct options *o)
{
	sl_array_free(&o->vips);
}
