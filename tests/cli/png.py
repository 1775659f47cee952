# SPDX-License-Identifier: MIT
"""PNG files without libpng, for tests: writes every kind of picture, and damaged ones; reads what the command writes."""

import struct
import zlib

GRAY, RGB, PALETTE, GRAY_ALPHA, RGBA = 0, 2, 3, 4, 6
CHANNELS = {GRAY: 1, RGB: 3, PALETTE: 1, GRAY_ALPHA: 2, RGBA: 4}
DEPTHS = {GRAY: (1, 2, 4, 8, 16), RGB: (8, 16), PALETTE: (1, 2, 4, 8), GRAY_ALPHA: (8, 16), RGBA: (8, 16)}
SIGNATURE = b"\x89PNG\r\n\x1a\n"

# Adam7: first column and row, steps.
PASSES = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def header(width, height, depth=8, colour=RGB, interlace=0):
    return chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlace))


def pack_row(samples, depth):
    """Samples (numbers of `depth` bits) to bytes, most significant bits first."""
    if depth == 16:
        return b"".join(struct.pack(">H", s) for s in samples)
    if depth == 8:
        return bytes(samples)
    row, used, byte = bytearray(), 0, 0
    for sample in samples:
        byte, used = byte << depth | sample, used + depth
        if used == 8:
            row.append(byte)
            used = byte = 0
    if used:
        row.append(byte << (8 - used))
    return bytes(row)


def paeth(a, b, c):
    pa, pb, pc = abs(b - c), abs(a - c), abs(a + b - c - c)
    return a if pa <= pb and pa <= pc else b if pb <= pc else c


def filter_row(kind, row, above, step):
    out = bytearray([kind])
    for i, value in enumerate(row):
        a = row[i - step] if i >= step else 0
        b = above[i] if above else 0
        c = above[i - step] if above and i >= step else 0
        guess = (0, a, b, (a + b) >> 1, paeth(a, b, c))[kind]
        out.append((value - guess) & 255)
    return bytes(out)


def scan(rows, depth, channels, random):
    """Filtered bytes of one pass; each row gets a filter of its own by chance."""
    step = max(1, depth * channels // 8)
    above, out = None, b""
    for samples in rows:
        row = pack_row(samples, depth)
        out += filter_row(random.randrange(5), row, above, step)
        above = row
    return out


def encode(samples, width, height, colour, depth, interlace, random, extra=b""):
    """samples[y][x] is a tuple of channel values. `extra`: chunks between the header and the data (PLTE, tRNS)."""
    channels, body = CHANNELS[colour], b""
    passes = PASSES if interlace else ((0, 0, 1, 1),)
    for x0, y0, dx, dy in passes:
        rows = [[v for x in range(x0, width, dx) for v in samples[y][x]] for y in range(y0, height, dy)]
        if x0 < width:
            body += scan(rows, depth, channels, random)
    data = zlib.compress(body)
    cut = len(data) // 2  # two pieces, as files have
    return (SIGNATURE + header(width, height, depth, colour, interlace) + extra + chunk(b"IDAT", data[:cut])
            + chunk(b"IDAT", data[cut:]) + chunk(b"IEND", b""))


def plain(width, height, pixel):
    """An 8-bit RGB file of pixel(x, y) -> (r, g, b), quickly."""
    rows = b"".join(b"\0" + bytes(v for x in range(width) for v in pixel(x, y)) for y in range(height))
    return SIGNATURE + header(width, height) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def decode(data):
    """(width, height, bytes of R, G, B) of an 8-bit RGB picture that is not interlaced: what the command writes."""
    assert data[:8] == SIGNATURE, "no PNG signature"
    at, body, ended = 8, b"", False
    while at < len(data):
        length, kind = struct.unpack(">I4s", data[at:at + 8])
        content = data[at + 8:at + 8 + length]
        (crc,) = struct.unpack(">I", data[at + 8 + length:at + 12 + length])
        assert crc == zlib.crc32(kind + content), "checksum of %s" % kind
        if kind == b"IHDR":
            width, height, depth, colour, _, _, interlace = struct.unpack(">IIBBBBB", content)
            assert (depth, colour, interlace) == (8, RGB, 0), "not 8-bit RGB"
        elif kind == b"IDAT":
            body += content
        elif kind == b"IEND":
            ended = True
        at += 12 + length
    assert ended, "no end"
    return width, height, unfilter(zlib.decompress(body), width, height)


def unfilter(body, width, height):
    stride, out, above = width * 3, bytearray(), bytes(width * 3)
    assert len(body) == (stride + 1) * height, "wrong amount of data"
    for y in range(height):
        kind, row = body[y * (stride + 1)], bytearray(body[y * (stride + 1) + 1:(y + 1) * (stride + 1)])
        if kind == 2:
            row = bytearray((a + b) & 255 for a, b in zip(row, above))
        elif kind != 0:
            for i in range(stride):
                a, c = (row[i - 3], above[i - 3]) if i >= 3 else (0, 0)
                guess = (a, above[i], (a + above[i]) >> 1, paeth(a, above[i], c))[kind - 1]
                row[i] = (row[i] + guess) & 255
        out += row
        above = bytes(row)
    return bytes(out)
