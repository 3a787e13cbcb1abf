/* SPDX-License-Identifier: BSD-3-Clause */

#include <errno.h>
#include <getopt.h>
#include <net/if.h>
#include <string.h>

#include "bpf/shared.h"
#include "options.h"

enum { OPT_VIP = 256, OPT_DSCP, OPT_GUE_PORT };

static const struct option longs[] = {
	{"vip", required_argument, NULL, OPT_VIP},
	{"dscp", required_argument, NULL, OPT_DSCP},
	{"gue-port", required_argument, NULL, OPT_GUE_PORT},
	{"interface", required_argument, NULL, 'i'},
	{"help", no_argument, NULL, 'h'},
	{"version", no_argument, NULL, 'V'},
	{0},
};

const char *options_help(void)
{
	return "usage: sluice-decap --vip ADDR... --interface IF [--gue-port PORT]\n"
	       "       sluice-decap --dscp N=ADDR... --interface IF\n"
	       "\n"
	       "Makes this host a backend of Sluice until it gets SIGINT or SIGTERM: takes\n"
	       "the outer header off 4in4, 6in6, 4in6, 6in4 and GUE packets for the VIPs that\n"
	       "arrive on the interface, and holds the VIPs on lo. For layer 2 DSR the same\n"
	       "is right: nothing is encapsulated then.\n"
	       "\n"
	       "  --vip ADDR...        one or more addresses, IPv4 or IPv6, or prefixes\n"
	       "                       as 203.0.113.16/28; may be repeated\n"
	       "  --dscp N=ADDR...     layer 3 DSR: a packet with DSCP N (1-63) for an address\n"
	       "                       of this host is for the VIP ADDR; may be repeated\n"
	       "  --gue-port PORT      UDP port of GUE, 6080 if not given\n"
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
	       "interface), outer IPv6 extension headers other than the tunnel\n"
	       "encapsulation limit, and GUE packets with flags.\n";
}

/* `option`: the one that the address came with. */
static int add_vip(struct options *o, const char *option, const char *text, struct sl_prefix *vip,
	struct sl_err *err)
{
	struct sl_prefix p, *slot;

	if (sl_prefix_parse(text, &p))
		return sl_err_add(err, "%s %s: not an IPv4 or IPv6 address%s", option, text,
			strchr(text, '/') ? ", nor a prefix with no bit set behind it" : "");
	if (!sl_addr_is_host(&p.address))
		return sl_err_add(err, "%s %s: not an address that a VIP can have", option, text);
	*vip = p;
	sl_array_each (&o->vips, have) {
		if (sl_prefix_eq(have, &p))
			return 0;
	}
	if (o->vips.count == DECAP_VIPS_MAX)
		return sl_err_add(err, "%s: more than %d addresses", option, DECAP_VIPS_MAX);
	slot = sl_array_add(&o->vips);
	if (!slot)
		return sl_err_sys(err, ENOMEM, "%s", option);
	*slot = p;
	return 0;
}

/* A whole decimal number between two bounds. */
static bool number(
	const char *text, size_t len, unsigned int least, unsigned int most, unsigned int *out)
{
	unsigned int n = 0;

	if (len < 1 || len > 5 || strspn(text, "0123456789") < len)
		return false;
	for (size_t i = 0; i < len; i++)
		n = 10 * n + (unsigned int)(text[i] - '0');
	*out = n;
	return n >= least && n <= most;
}

static int add_dscp(struct options *o, const char *text, struct sl_err *err)
{
	const size_t len = strcspn(text, "=");
	struct dscp_vip *slot, d = {0};
	struct sl_prefix vip;
	unsigned int n;

	if (!text[len] || !number(text, len, 1, DECAP_DSCP_VALUES - 1, &n))
		return sl_err_add(err, "--dscp %s: not N=ADDR with N from 1 to %d", text,
			DECAP_DSCP_VALUES - 1);
	if (strchr(text, '/'))
		return sl_err_add(err, "--dscp %s: a DSCP stands for one address, no prefix", text);
	if (add_vip(o, "--dscp", text + len + 1, &vip, err))
		return -EINVAL;
	d.vip = vip.address;
	d.dscp = (uint8_t)n;
	sl_array_each (&o->dscp, have) {
		if (have->dscp == d.dscp && sl_addr_is4(&have->vip) == sl_addr_is4(&d.vip))
			return sl_addr_eq(&have->vip, &d.vip)
				       ? 0
				       : sl_err_add(err,
						 "--dscp %s: DSCP %u stands for another VIP "
						 "already",
						 text, n);
	}
	slot = sl_array_add(&o->dscp);
	if (!slot)
		return sl_err_sys(err, ENOMEM, "--dscp");
	*slot = d;
	return 0;
}

static int set_gue_port(struct options *o, const char *text, struct sl_err *err)
{
	unsigned int n;

	if (!number(text, strlen(text), 1, UINT16_MAX, &n))
		return sl_err_add(err, "--gue-port %s: not a port from 1 to 65535", text);
	o->gue_port = (uint16_t)n;
	return 0;
}

static int check_complete(const struct options *o, struct sl_err *err)
{
	if (!o->ifname)
		sl_err_add(err, "--interface is missing");
	else if (!*o->ifname || strlen(o->ifname) >= IFNAMSIZ || strchr(o->ifname, '/'))
		sl_err_add(err, "--interface %s: not the name of an interface", o->ifname);
	if (!o->vips.count)
		sl_err_add(err, "--vip or --dscp is missing");
	return err->count ? -EINVAL : 0;
}

/* One more value of an option that takes several. */
static void add(struct options *o, int option, struct sl_err *err)
{
	struct sl_prefix vip;

	if (option == OPT_VIP)
		add_vip(o, "--vip", optarg, &vip, err);
	else
		add_dscp(o, optarg, err);
}

int options_parse(struct options *o, int argc, char **argv, struct sl_err *err)
{
	int list = 0; /* the option that a plain word belongs to */

	opterr = 0;
	o->gue_port = DECAP_GUE_PORT;
	for (int c; (c = getopt_long(argc, argv, "-:i:hV", longs, NULL)) != -1;) {
		if (c == OPT_VIP || c == OPT_DSCP)
			list = c;
		else if (c != 1)
			list = 0;
		if (list)
			add(o, list, err);
		else if (c == OPT_GUE_PORT)
			set_gue_port(o, optarg, err);
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
	sl_array_free(&o->dscp);
}
