/* SPDX-License-Identifier: BSD-3-Clause */

/* Probes udp, dns, icmp and none. */

#include <netinet/in.h>
#include <sys/socket.h>

#include "probe_lab.h"

static const char *const loopback[] = {"127.0.0.1", "::1"};

/* A UDP service: what it sends back for a datagram. */
struct service {
	int fd;
	uint16_t port;
	struct event *event;
	unsigned int got;
	unsigned int ignore; /* so many datagrams are lost */
	size_t (*answer)(const uint8_t *in, size_t len, uint8_t *out);
};

static void service_readable(evutil_socket_t fd, short what, void *arg)
{
	struct service *s = arg;
	struct sockaddr_storage from;
	socklen_t from_len = sizeof from;
	uint8_t in[2048], out[2048];
	const ssize_t n = recvfrom(fd, in, sizeof in, 0, (struct sockaddr *)&from, &from_len);

	assert_true(n >= 0);
	if (s->got++ < s->ignore || !s->answer)
		return;
	const size_t len = s->answer(in, (size_t)n, out);

	if (len)
		sendto(fd, out, len, 0, (struct sockaddr *)&from, from_len);
}

static void service_open(struct service *s, struct lab *lab, const char *address,
	size_t (*answer)(const uint8_t *, size_t, uint8_t *))
{
	memset(s, 0, sizeof *s);
	s->fd = udp_bound(address, &s->port);
	s->answer = answer;
	s->event = event_new(lab->base, s->fd, EV_READ | EV_PERSIST, service_readable, s);
	event_add(s->event, NULL);
}

static void service_close(struct service *s)
{
	event_free(s->event);
	close(s->fd);
}

static size_t say_pong(const uint8_t *in, size_t len, uint8_t *out)
{
	if (len != 4 || memcmp(in, "ping", 4) != 0)
		return 0;
	memcpy(out, "pong-and-more", 13);
	return 13;
}

static void udp_answers(void **state)
{
	NEED_LAB();
	for (int v = 0; v < 2; v++) {
		struct service s;

		service_open(&s, lab, loopback[v], say_pong);
		struct probe_spec spec = lab_spec("udp", loopback[v], s.port);

		spec.send_hex = "70696e67";
		EXPECT(lab, &spec, "L7OK", "answer of 13 bytes");
		spec.expect_hex = "70XX6E6x2d";
		EXPECT(lab, &spec, "L7OK", "answer of 13 bytes");
		spec.expect_hex = "706f6e68";
		EXPECT(lab, &spec, "L7RSP",
			"answer of 13 bytes does not match: 706f6e672d616e642d6d6f72...");
		spec.send_hex = "70";
		spec.timeout_ms = 150;
		EXPECT(lab, &spec, "L7TOUT", "no answer in 150 ms");
		service_close(&s);
		EXPECT(lab, &spec, "ICMPUNR", "port unreachable");
	}
}

/* One lost datagram is no failure. */
static void a_lost_datagram_is_sent_again(void **state)
{
	NEED_LAB();
	struct service s;

	service_open(&s, lab, "127.0.0.1", say_pong);
	s.ignore = 1;
	struct probe_spec spec = lab_spec("udp", "127.0.0.1", s.port);

	spec.send_hex = "70696e67";
	spec.timeout_ms = 10000;
	const struct health_result r = ask(lab, &spec);

	assert_string_equal(health_code_name(r.code), "L7OK");
	assert_in_range(r.duration_us, 290000, 9000000);
	assert_int_equal(s.got, 2);
	service_close(&s);
}

static size_t dns_answer(const uint8_t *in, size_t len, uint8_t *out, uint8_t rcode)
{
	memcpy(out, in, len);
	out[2] |= 0x80;
	out[3] = rcode;
	return len;
}

static size_t dns_noerror(const uint8_t *in, size_t len, uint8_t *out)
{
	out[7] = 0;
	dns_answer(in, len, out, 0);
	out[7] = 2; /* says that it has two records */
	return len;
}

static size_t dns_nxdomain(const uint8_t *in, size_t len, uint8_t *out)
{
	return dns_answer(in, len, out, 3);
}

static size_t dns_odd_code(const uint8_t *in, size_t len, uint8_t *out)
{
	return dns_answer(in, len, out, 15);
}

static size_t dns_other_id(const uint8_t *in, size_t len, uint8_t *out)
{
	dns_answer(in, len, out, 0);
	out[1] ^= 1;
	return len;
}

static size_t dns_cut(const uint8_t *in, size_t len, uint8_t *out)
{
	dns_answer(in, len, out, 0);
	return 11;
}

static size_t dns_echo(const uint8_t *in, size_t len, uint8_t *out)
{
	memcpy(out, in, len);
	return len;
}

static size_t dns_other_question(const uint8_t *in, size_t len, uint8_t *out)
{
	dns_answer(in, len, out, 0);
	out[13] ^= 3;
	return len;
}

/* RFC 1035 4.1: what a query for www.example, type AAAA, has behind its id. */
static size_t dns_strict(const uint8_t *in, size_t len, uint8_t *out)
{
	static const uint8_t wanted[] = "\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x03www\x07"
					"example\x00\x00\x1c\x00\x01";

	if (len != 2 + sizeof wanted - 1 || memcmp(in + 2, wanted, sizeof wanted - 1) != 0)
		return 0;
	memcpy(out, in, len);
	out[2] |= 0x80;
	for (size_t i = 13; i < 16; i++)
		out[i] = (uint8_t)(out[i] - 0x20); /* WWW: case does not count */
	return len;
}

static void dns_answers(void **state)
{
	static const struct {
		size_t (*answer)(const uint8_t *, size_t, uint8_t *);
		const char *code, *reason;
	} rows[] = {
		{dns_noerror, "L7OK", "NOERROR, 2 records"},
		{dns_strict, "L7OK", "NOERROR, 0 records"},
		{dns_nxdomain, "L7STS", "NXDOMAIN for www.example"},
		{dns_odd_code, "L7STS", "response code 15 for www.example"},
		{dns_other_id, "L7TOUT", "no answer in 100 ms, 1 that answer something else"},
		{dns_cut, "L7RSP", "answer of 11 bytes is cut"},
		{dns_echo, "L7RSP", "a query came back, not an answer"},
		{dns_other_question, "L7RSP", "the answer is to another question"},
		{NULL, "L7TOUT", "no answer in 100 ms"},
	};
	NEED_LAB();
	for (size_t i = 0; i < 2 * sizeof rows / sizeof *rows; i++) {
		struct service s;

		service_open(&s, lab, loopback[i % 2], rows[i / 2].answer);
		struct probe_spec spec = lab_spec("dns", loopback[i % 2], s.port);

		spec.dns_name = "www.example";
		spec.dns_type = 28;
		spec.timeout_ms =
			*rows[i / 2].code == 'L' && rows[i / 2].code[2] == 'T' ? 100 : 5000;
		EXPECT(lab, &spec, rows[i / 2].code, rows[i / 2].reason);
		service_close(&s);
		EXPECT(lab, &spec, "ICMPUNR", "port unreachable");
	}
	/* The root, and a dot at the end. */
	struct service s;

	service_open(&s, lab, "127.0.0.1", dns_noerror);
	struct probe_spec spec = lab_spec("dns", "127.0.0.1", s.port);

	spec.dns_name = ".";
	EXPECT(lab, &spec, "L7OK", "NOERROR, 2 records");
	spec.dns_name = "www.example.";
	EXPECT(lab, &spec, "L7OK", "NOERROR, 2 records");
	service_close(&s);
}

static void icmp_echo(void **state)
{
	NEED_LAB();
	/* By raw sockets, then by ping sockets. */
	for (int ping = 0; ping < 2; ping++) {
		netns_run(lab->ns,
			"sysctl -qw net.ipv4.ping_group_range='%s' net.ipv4.icmp_echo_ignore_all=0 "
			"net.ipv6.icmp.echo_ignore_all=0",
			ping ? "0 2147483647" : "1 0");
		for (int v = 0; v < 2; v++) {
			struct probe_spec spec = lab_spec("icmp", loopback[v], 0);

			EXPECT(lab, &spec, "L4OK", "echo reply");
		}
		netns_run(lab->ns, "sysctl -qw net.ipv4.icmp_echo_ignore_all=1 "
				   "net.ipv6.icmp.echo_ignore_all=1");
		for (int v = 0; v < 2; v++) {
			struct probe_spec spec = lab_spec("icmp", loopback[v], 0);

			spec.timeout_ms = 120;
			EXPECT(lab, &spec, "L4TOUT", "no answer in 120 ms");
		}
	}
	netns_run(lab->ns, "sysctl -qw net.ipv4.icmp_echo_ignore_all=0 "
			   "net.ipv6.icmp.echo_ignore_all=0");
}

/* Replies to others reach a raw socket too: they are not taken for ours. */
static void icmp_of_others(void **state)
{
	NEED_LAB();
	struct asked a[50];
	struct probe_spec spec = lab_spec("icmp", "127.0.0.1", 0);

	netns_run(lab->ns, "sysctl -qw net.ipv4.ping_group_range='1 0'");
	for (int i = 0; i < 50; i++) {
		ask_new(lab, &a[i], &spec);
		ask_start(&a[i]);
	}
	for (int i = 0; i < 50; i++) {
		ask_wait(lab, &a[i], 1);
		assert_string_equal(health_code_name(a[i].last.code), "L4OK");
		probe_free(a[i].probe);
	}
	/* Nobody answers ours, another program's ping goes on all the while. */
	const int other = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMP);
	const uint8_t reply[24] = {0, 0, 0xff, 0xff};
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0x7f000001)};
	struct asked b;

	netns_run(lab->ns, "sysctl -qw net.ipv4.icmp_echo_ignore_all=1");
	spec.timeout_ms = 1000;
	ask_new(lab, &b, &spec);
	unsigned int asked = 0;

	do {
		ask_start(&b);
		sendto(other, reply, sizeof reply, 0, (struct sockaddr *)&to, sizeof to);
		ask_wait(lab, &b, ++asked);
	} while (b.last.code == HEALTH_CODE_LATE && asked < CHANCES);
	assert_string_equal(health_code_name(b.last.code), "L4TOUT");
	assert_string_equal(b.last.reason, "no answer in 1000 ms, 1 that answer something else");
	probe_free(b.probe);
	close(other);
	netns_run(lab->ns, "sysctl -qw net.ipv4.icmp_echo_ignore_all=0");
}

static void none_is_up(void **state)
{
	NEED_LAB();
	struct probe_spec spec = lab_spec("none", "192.0.2.1", 0);

	EXPECT(lab, &spec, "L4OK", "no check");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(udp_answers),
		cmocka_unit_test(a_lost_datagram_is_sent_again),
		cmocka_unit_test(dns_answers),
		cmocka_unit_test(icmp_echo),
		cmocka_unit_test(icmp_of_others),
		cmocka_unit_test(none_is_up),
	};

	return cmocka_run_group_tests(tests, lab_open, lab_close);
}
