#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Golden vectors of the hash "aes4" (lib/eal/hash.h), computed from the definitions of FIPS 197 alone:
no table is shared with the C code. One line each: secret, 16 or 48 bytes, value.

test_hash runs this and compares every line; its own list holds the first lines."""


def gf_mul(a, b):
    product = 0
    while b:
        if b & 1:
            product ^= a
        a <<= 1
        if a & 0x100:
            a ^= 0x11B
        b >>= 1
    return product


def gf_inverse(a):
    """a ** 254; 0 stays 0 (5.1.1)."""
    result = 1
    for _ in range(254):
        result = gf_mul(result, a)
    return result


def sub_byte(a):
    b = gf_inverse(a)
    out = 0
    for i in range(8):
        bit = 0x63 >> i
        for step in (0, 4, 5, 6, 7):
            bit ^= b >> (i + step) % 8
        out |= (bit & 1) << i
    return out


SBOX = [sub_byte(a) for a in range(256)]
MIX = [[2, 3, 1, 1], [1, 2, 3, 1], [1, 1, 2, 3], [3, 1, 1, 2]]


def xor(a, b):
    return bytes(x ^ y for x, y in zip(a, b))


def round_keys(secret):
    words = [secret[i : i + 4] for i in range(0, 16, 4)]
    rcon = 1
    while len(words) < 44:
        word = words[-1]
        if len(words) % 4 == 0:
            word = bytes(SBOX[b] for b in word[1:] + word[:1])
            word = xor(word, bytes([rcon, 0, 0, 0]))
            rcon = gf_mul(rcon, 2)
        words.append(xor(words[-4], word))
    return [b"".join(words[i : i + 4]) for i in range(0, 44, 4)]


def aes_round(state, key):
    # state[row + 4 * column] (3.4)
    subbed = [SBOX[b] for b in state]
    shifted = [subbed[row + 4 * ((col + row) % 4)] for col in range(4) for row in range(4)]
    mixed = bytearray(16)
    for col in range(4):
        for row in range(4):
            for k in range(4):
                mixed[row + 4 * col] ^= gf_mul(MIX[row][k], shifted[k + 4 * col])
    return xor(mixed, key)


def rounds(state, keys):
    for key in keys:
        state = aes_round(state, key)
    return state


def aes4(secret, data):
    k = round_keys(secret)
    if len(data) == 16:
        state = rounds(xor(data, k[0]), k[1:5])
    else:
        state = rounds(xor(data[:16], k[10]), k[2:4])
        state = rounds(xor(state, data[16:32]), k[4:6])
        state = rounds(xor(state, data[32:]), k[6:10])
    return int.from_bytes(state[:8], "little")


def inputs():
    fips_key = bytes.fromhex("2b7e151628aed2a6abf7158809cf4f3c")
    yield fips_key, bytes.fromhex("3243f6a8885a308d313198a2e0370734")
    for size in (16, 48):
        yield bytes(16), bytes(size)
        yield bytes(range(16)), bytes(range(size))
        yield b"\xff" * 16, b"\xff" * size
    # A flow of each family: 192.0.2.1 or 2001:db8::1 port 40000 to port 443 by TCP.
    ports = bytes.fromhex("9c4001bb06")
    yield fips_key, bytes.fromhex("c0000201cb00710a") + ports + bytes(3)
    src, dst = (bytes.fromhex("20010db8") + bytes(11) + bytes([last]) for last in (1, 2))
    yield fips_key, src + dst + ports + bytes(11)
    number = 1
    for i in range(200):
        data = bytearray()
        while len(data) < 64:
            number = number * 6364136223846793005 + 1442695040888963407 & (1 << 64) - 1
            data.append(number >> 56)
        yield bytes(data[:16]), bytes(data[16 : 64 if i % 2 else 32])


for secret_bytes, data_bytes in inputs():
    print(secret_bytes.hex(), data_bytes.hex(), "%016x" % aes4(secret_bytes, data_bytes))
