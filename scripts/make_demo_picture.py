#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Draws pictures/demo.png: dusk over a lake, page frames afloat as lanterns, and a display that gathers them.

Usage: make_demo_picture.py OUTPUT.png

Only +, -, *, / and sqrt are used on floating point numbers, which IEEE 754 rounds the same everywhere, so that every
computer draws the same pixels. Light is added up linearly and turned into 8 bits at the very end. Python's standard
library only; about twenty seconds.
"""

import struct
import sys
import zlib
from math import sqrt

WIDTH, HEIGHT = 1000, 700
SHORE = 432  # where the lake meets the far land
SUN_X, SUN_Y = 392.0, 374.0


# ---- Numbers -----------------------------------------------------------------------------------------------------------


def hashed(x, y=0, salt=0):
    """A number in [0, 1) that looks random and depends on the integers only."""
    n = (x * 374761393 + y * 668265263 + salt * 2246822519) & 0xFFFFFFFF
    n = ((n ^ (n >> 13)) * 1274126177) & 0xFFFFFFFF
    n = ((n ^ (n >> 16)) * 2654435769) & 0xFFFFFFFF
    return ((n ^ (n >> 15)) & 0xFFFFFF) / 16777216.0


def clamp(v, low=0.0, high=1.0):
    return low if v < low else high if v > high else v


def smooth(edge0, edge1, v):
    t = clamp((v - edge0) / (edge1 - edge0))
    return t * t * (3.0 - 2.0 * t)


def mix(a, b, t):
    return (a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t, a[2] + (b[2] - a[2]) * t)


def floor(v):
    i = int(v)
    return i - 1 if i > v else i


def noise1(x, salt):
    i = floor(x)
    f = x - i
    a, b = hashed(i, 0, salt), hashed(i + 1, 0, salt)
    return a + (b - a) * f * f * (3.0 - 2.0 * f)


def noise2(x, y, salt):
    i, j = floor(x), floor(y)
    f, g = x - i, y - j
    f, g = f * f * (3.0 - 2.0 * f), g * g * (3.0 - 2.0 * g)
    a, b = hashed(i, j, salt), hashed(i + 1, j, salt)
    c, d = hashed(i, j + 1, salt), hashed(i + 1, j + 1, salt)
    top = a + (b - a) * f
    return top + (c + (d - c) * f - top) * g


def fractal1(x, octaves, salt):
    total, weight = 0.0, 0.5
    for k in range(octaves):
        total += weight * noise1(x, salt + k)
        x, weight = x * 2.03, weight * 0.5
    return total


def fractal2(x, y, octaves, salt):
    total, weight = 0.0, 0.5
    for k in range(octaves):
        total += weight * noise2(x, y, salt + k)
        x, y, weight = x * 2.03, y * 2.03, weight * 0.5
    return total


# ---- The canvas: linear light, one list of three numbers a pixel --------------------------------------------------------

canvas = [[None] * WIDTH for _ in range(HEIGHT)]


def add_light(x, y, colour, amount):
    if 0 <= x < WIDTH and 0 <= y < HEIGHT:
        r, g, b = canvas[y][x]
        canvas[y][x] = (r + colour[0] * amount, g + colour[1] * amount, b + colour[2] * amount)


def cover(x, y, colour, amount):
    if 0 <= x < WIDTH and 0 <= y < HEIGHT:
        canvas[y][x] = mix(canvas[y][x], colour, amount)


def glow(cx, cy, radius, colour, strength, squash=1.0):
    """Light that falls off around a point and is gone at `radius`."""
    for y in range(int(cy - radius / squash), int(cy + radius / squash) + 1):
        for x in range(int(cx - radius), int(cx + radius) + 1):
            dx, dy = (x - cx) / radius, (y - cy) * squash / radius
            d = dx * dx + dy * dy
            if d < 1.0:
                fade = (1.0 - d) * (1.0 - d)
                add_light(x, y, colour, strength * fade * fade / (0.06 + d))


# ---- Sky, mountains, lake ------------------------------------------------------------------------------------------------

SKY = [
    (0.00, (0.006, 0.010, 0.045)),
    (0.30, (0.022, 0.026, 0.120)),
    (0.58, (0.120, 0.060, 0.220)),
    (0.78, (0.480, 0.150, 0.235)),
    (0.92, (0.950, 0.400, 0.190)),
    (1.00, (1.150, 0.640, 0.280)),
]


def sky_gradient(t):
    for (t0, c0), (t1, c1) in zip(SKY, SKY[1:]):
        if t <= t1:
            return mix(c0, c1, (t - t0) / (t1 - t0))
    return SKY[-1][1]


def sky(x, y, base):
    dx, dy = (x - SUN_X) / 1.25, y - SUN_Y
    d = sqrt(dx * dx + dy * dy)
    halo = 0.55 / (1.0 + d * d / 9000.0) + 0.9 / (1.0 + d * d / 900.0)
    r, g, b = base[0] + 0.95 * halo, base[1] + 0.42 * halo, base[2] + 0.12 * halo
    disc = 1.0 - smooth(25.0, 27.0, sqrt((x - SUN_X) * (x - SUN_X) + dy * dy))
    r, g, b = r + 3.0 * disc, g + 2.0 * disc, b + 0.9 * disc
    bank = fractal2(x / 210.0 + y / 160.0, y / 34.0 + 7.0, 4, 11)
    veil = smooth(0.47, 0.74, bank) * smooth(60.0, 200.0, y) * (1.0 - 0.6 * smooth(330.0, 420.0, y))
    lit = 1.0 / (1.0 + d / 170.0)
    cloud = (0.10 + 1.35 * lit, 0.055 + 0.50 * lit, 0.125 + 0.20 * lit)
    return mix((r, g, b), cloud, 0.72 * veil)


def stars():
    for n in range(520):
        x, y = hashed(n, 1, 5) * WIDTH, hashed(n, 2, 5)
        y = y * y * 300.0
        light = hashed(n, 3, 5)
        light = 0.9 * light * light * light * light * (1.0 - smooth(60.0, 300.0, y))
        tint = mix((0.75, 0.85, 1.2), (1.2, 0.95, 0.75), hashed(n, 4, 5))
        for dy in (-1, 0, 1):
            for dx in (-1, 0, 1):
                add_light(int(x) + dx, int(y) + dy, tint, light * (1.0 if dx == 0 and dy == 0 else 0.14))


def ridge_line(layer):
    """The height of the land above the shore for every column, in pixels."""
    heights = []
    scale, top, salt = 260.0 - 34.0 * layer, 205.0 - 39.0 * layer, 31 * (layer + 1)
    for x in range(WIDTH + 1):
        n = fractal1(x / scale + layer * 3.7, 7, salt)
        crest = 1.0 - 2.0 * abs(fractal1(x / (scale * 0.8) + 9.0, 6, salt + 50) - 0.5)
        open_to_sun = smooth(0.0, 330.0, abs(x - SUN_X + 15.0 * layer)) * 0.74 + 0.26
        heights.append(max(2.0, top * (0.95 * n + 0.42 * crest * crest - 0.22) * open_to_sun * 1.25))
    return heights


def mountains():
    for layer in range(5):
        heights = ridge_line(layer)
        near = layer / 4.0
        rock = mix((0.205, 0.085, 0.175), (0.006, 0.008, 0.020), near * (2.0 - near))
        haze = mix((0.62, 0.25, 0.20), (0.085, 0.035, 0.060), near)
        for x in range(WIDTH):
            crest = SHORE - heights[x]
            slope = (heights[min(x + 9, WIDTH)] - heights[max(x - 9, 0)]) / 18.0
            facing = smooth(0.0, 1.1, slope if x < SUN_X else -slope)
            far = 1.0 / (1.0 + abs(x - SUN_X) / 260.0)
            for y in range(max(0, int(crest)), SHORE):
                depth = (y - crest) / 170.0
                rough = fractal2((x + 0.5 * y) / 15.0, (y - 0.4 * x) / 11.0, 4, 77 + layer) - 0.46
                colour = mix(rock, haze, clamp(smooth(0.0, 1.25, depth) * (0.95 - 0.35 * near) + 0.16 * rough))
                shine = facing * far * (1.0 - near * 0.75) * clamp(0.75 - depth * 1.9 + 1.5 * rough)
                colour = (colour[0] + 0.55 * shine, colour[1] + 0.20 * shine, colour[2] + 0.10 * shine)
                cover(x, y, colour, clamp(y + 1.0 - crest))


def lake():
    for y in range(SHORE, HEIGHT):
        below = y - SHORE
        nearness = below / (HEIGHT - SHORE)
        mirror = SHORE - 1.0 - below * (1.18 - 0.15 * nearness)
        for x in range(WIDTH):
            squash = 1.0 + below * 0.055
            wave = noise2(x / (26.0 + below * 0.5), below * 11.0 / (12.0 + below * 0.42), 201) - 0.5
            fine = noise2(x / (7.0 + below * 0.16), below * 19.0 / (10.0 + below * 0.4), 202) - 0.5
            swing = (wave * 1.4 + fine) * squash
            source = clamp(mirror + 2.2 * swing, 0.0, SHORE - 1.0)
            across = int(clamp(x + 1.1 * swing, 0.0, WIDTH - 1.0))
            r, g, b = canvas[int(source)][across]
            keep = 0.70 - 0.28 * nearness
            canvas[y][x] = (r * keep + 0.004, g * keep * 0.96 + 0.006, b * keep * 1.04 + 0.016)
            aside = abs(x - SUN_X + 6.0 * swing) / (20.0 + below * 0.33)
            if aside < 1.0 and wave + fine > 0.12:
                add_light(x, y, (1.5, 0.72, 0.26), (1.0 - aside) * (wave + fine - 0.12) * (1.15 - nearness))


# ---- Page frames as lanterns, and the light that flows from them ----------------------------------------------------------

HUES = [
    (1.00, 0.050, 0.035), (1.00, 0.270, 0.015), (0.95, 0.660, 0.020), (0.17, 0.720, 0.045),
    (0.01, 0.620, 0.440), (0.02, 0.280, 1.00), (0.21, 0.075, 1.00), (0.82, 0.050, 0.580),
]

# x and y of the middle, size: in no order, as pages lie.
LANTERNS = [(208, 548, 30), (86, 500, 23), (330, 606, 34), (150, 640, 38), (300, 492, 20), (48, 590, 31), (418, 522, 24),
            (432, 668, 36)]


def lantern(cx, cy, size, hue):
    glow(cx, cy, size * 4.2, hue, 0.060)
    for y in range(int(cy - size), int(cy + size) + 1):
        for x in range(int(cx - size), int(cx + size) + 1):
            u, v = (x + 0.5 - cx) / size, (y + 0.5 - cy) / size
            ax, ay = max(abs(u) - 0.42, 0.0), max(abs(v) - 0.56, 0.0)
            edge = sqrt(ax * ax + ay * ay) - 0.10  # a rounded upright card
            inside = 1.0 - smooth(-0.02, 0.03, edge)
            if inside <= 0.0:
                continue
            rows = 0.72 if int((v + 1.0) * 9.0) % 2 else 1.0
            rim = smooth(-0.07, -0.03, edge)
            light = (1.35 - 0.75 * (u * u + v * v)) * rows
            colour = mix((hue[0] * light + 0.25, hue[1] * light + 0.25, hue[2] * light + 0.25), (1.5, 1.4, 1.25), rim)
            cover(x, y, colour, inside * 0.94)


def lantern_reflection(cx, cy, size, hue):
    """A torn streak below, as water shows it."""
    for y in range(int(cy + size * 0.8), min(HEIGHT, int(cy + size * 4.0))):
        down = (y - cy) / (size * 4.0)
        for x in range(int(cx - size), int(cx + size) + 1):
            tear = noise2(x / 9.0, y / 2.6, 310) - 0.30
            aside = 1.0 - abs(x - cx) / (size * (0.62 + 0.35 * down))
            if tear > 0.0 and aside > 0.0:
                add_light(x, y, hue, 0.85 * tear * aside * (1.0 - down) * (1.0 - down))


def ribbon(start, end, hue, lift):
    """A thread of light from a page to its place in the picture, with the data running along it."""
    (x0, y0), (x3, y3) = start, end
    x1, y1 = x0 + (x3 - x0) * 0.30, y0 - lift
    x2, y2 = x0 + (x3 - x0) * 0.62, y3 + lift * 0.10
    steps = 900
    for n in range(steps + 1):
        t = n / steps
        s = 1.0 - t
        a, b, c, d = s * s * s, 3.0 * s * s * t, 3.0 * s * t * t, t * t * t
        px, py = a * x0 + b * x1 + c * x2 + d * x3, a * y0 + b * y1 + c * y2 + d * y3
        beat = t * 13.0
        beat = beat - int(beat)
        pulse = 0.30 + 1.5 * (1.0 - smooth(0.0, 0.42, abs(beat - 0.5)))
        light = 0.105 * pulse * smooth(0.0, 0.05, t)
        ix, iy = int(px), int(py)
        for y in range(iy - 4, iy + 6):
            for x in range(ix - 4, ix + 6):
                dx, dy = x + 0.5 - px, y + 0.5 - py
                d2 = dx * dx + dy * dy
                if d2 < 20.0:
                    fade = 1.0 - d2 / 20.0
                    add_light(x, y, (hue[0] + 0.12, hue[1] + 0.12, hue[2] + 0.12), light * fade * fade / (0.5 + d2))


# ---- The display ------------------------------------------------------------------------------------------------------------

SCREEN_X, SCREEN_Y = 768.0, 440.0  # middle of the tube
SCREEN_W, SCREEN_H = 152.0, 114.0  # half of its size


def test_card(u, v):
    """The picture on the tube for u, v in [-1, 1]."""
    px, py = u * 152.0, v * 114.0
    colour = (0.055, 0.060, 0.070)
    gx, gy = abs(px) % 19.0, abs(py) % 19.0
    line = max(1.0 - min(gx, 19.0 - gx) / 0.9, 1.0 - min(gy, 19.0 - gy) / 0.9)
    if line > 0.0:
        colour = mix(colour, (0.62, 0.64, 0.66), clamp(line))
    radius = sqrt(px * px + py * py)
    if radius < 102.0:
        if py < -57.0:
            step = int((px + 102.0) / 204.0 * 10.0)
            colour = (0.9 * step / 9.0,) * 3
        elif py < 19.0:
            bar = int((px + 102.0) / 204.0 * 8.0)
            colour = HUES[int(clamp(bar, 0, 7))]
        elif py < 57.0:
            width = 1.5 + 7.0 * (px + 102.0) / 204.0
            colour = (0.85, 0.86, 0.88) if int((px + 102.0) / width) % 2 else (0.02, 0.02, 0.025)
        else:
            t = clamp((px + 90.0) / 180.0)
            colour = mix((0.02, 0.05, 0.35), (1.0, 0.62, 0.20), t * t)
    ring = 1.0 - abs(radius - 102.0) / 1.6
    if ring > 0.0:
        colour = mix(colour, (1.0, 1.0, 1.0), clamp(ring * 1.4))
    for cx in (-124.0, 124.0):
        for cy in (-88.0, 88.0):
            small = abs(sqrt((px - cx) * (px - cx) + (py - cy) * (py - cy)) - 15.0)
            if small < 1.6:
                colour = mix(colour, (1.0, 1.0, 1.0), clamp((1.6 - small) * 1.2))
    cross = min(abs(px), abs(py))
    if cross < 1.1 and radius < 16.0:
        colour = (1.0, 1.0, 1.0)
    return colour


def rounded(dx, dy, half_w, half_h, radius):
    """Distance to a rounded rectangle; negative inside."""
    ax, ay = abs(dx) - half_w + radius, abs(dy) - half_h + radius
    outside = sqrt(max(ax, 0.0) * max(ax, 0.0) + max(ay, 0.0) * max(ay, 0.0))
    return outside + min(max(ax, ay), 0.0) - radius


def cabinet_colour(dx, dy, edge):
    """Plastic in the last light: warm from the sun at the left, blue from the sky above, a lit rim."""
    left = 1.0 - smooth(-195.0, 40.0, dx)
    up = 1.0 - smooth(-160.0, 120.0, dy)
    grain = 0.92 + 0.16 * hashed(int(dx + 500), int(dy + 500), 9)
    r, g, b = 0.040 + 0.135 * left + 0.016 * up, 0.038 + 0.062 * left + 0.024 * up, 0.046 + 0.036 * left + 0.052 * up
    rim = smooth(-7.0, -1.0, edge) * (left * 0.9 + up * 0.25)
    return (r * grain + 0.75 * rim * left, g * grain + 0.30 * rim * left + 0.02 * rim, b * grain + 0.12 * rim)


def tube_colour(dx, dy):
    """The card through curved glass: bent, darker to the corners, with scan lines and a reflected sky."""
    u, v = dx / SCREEN_W, dy / SCREEN_H
    bend = 1.0 + 0.045 * (u * u + v * v)
    total = [0.0, 0.0, 0.0]
    for sx in (-0.25, 0.25):
        for sy in (-0.25, 0.25):
            uu, vv = (dx + sx) / SCREEN_W * bend, (dy + sy) / SCREEN_H * bend
            card = test_card(uu, vv) if abs(uu) <= 1.0 and abs(vv) <= 1.0 else (0.0, 0.0, 0.0)
            for k in range(3):
                total[k] += 0.25 * card[k]
    line = 0.80 + 0.28 * ((int(dy + 1000) % 3) == 1)
    shade = (1.12 - 0.34 * (u * u + v * v)) * line
    shine = 0.10 * clamp(1.0 - abs(u * 0.8 + v + 0.62) * 2.6) * clamp(0.3 - v)
    return (total[0] * shade + shine, total[1] * shade + shine, total[2] * shade + shine * 1.3)


def display():
    for y in range(int(SCREEN_Y) - 160, int(SCREEN_Y) + 215):
        for x in range(int(SCREEN_X) - 200, int(SCREEN_X) + 201):
            dx, dy = x + 0.5 - SCREEN_X, y + 0.5 - SCREEN_Y
            neck = rounded(dx, dy - 168.0, 52.0, 34.0, 6.0)
            foot = rounded(dx, dy - 197.0, 112.0, 11.0, 9.0)
            stand = min(neck, foot)
            if stand < 1.0:
                dark = cabinet_colour(dx * 1.6, dy - 60.0, foot if foot < 1.0 else -20.0)
                cover(x, y, (dark[0] * 0.62, dark[1] * 0.62, dark[2] * 0.62), clamp(0.5 - stand))
            body = rounded(dx, dy - 6.0, 186.0, 148.0, 22.0)
            if body < 1.0:
                cover(x, y, cabinet_colour(dx, dy, body), clamp(0.5 - body))
            well = rounded(dx, dy, SCREEN_W + 12.0, SCREEN_H + 12.0, 26.0)
            if well < 1.0:
                depth = smooth(-12.0, 0.0, well)
                lower = smooth(-20.0, 120.0, dy)
                cover(x, y, mix((0.006, 0.006, 0.008), (0.050, 0.040, 0.042), depth * (0.25 + 0.75 * lower)),
                      clamp(0.5 - well))
            glass = rounded(dx, dy, SCREEN_W, SCREEN_H, 20.0)
            if glass < 1.0:
                cover(x, y, tube_colour(dx, dy), clamp(0.5 - glass))
            lamp = sqrt((dx - 158.0) * (dx - 158.0) + (dy - 139.0) * (dy - 139.0))
            if lamp < 5.0:
                cover(x, y, (0.25, 1.6, 0.45), clamp(4.0 - lamp))
    for n in range(9):
        for y in range(int(SCREEN_Y) + 135, int(SCREEN_Y) + 144):
            for x in range(int(SCREEN_X) - 165 + n * 11, int(SCREEN_X) - 160 + n * 11):
                cover(x, y, (0.008, 0.008, 0.010), 0.85)
    glow(SCREEN_X + 158.0, SCREEN_Y + 139.0, 26.0, (0.1, 1.0, 0.3), 0.05)


# ---- The near shore ----------------------------------------------------------------------------------------------------------


def near_shore():
    """Rock under the display, lit by it, and dark pines at both sides."""
    for x in range(WIDTH):
        rise = 17.0 * fractal1(x / 46.0, 5, 401)
        bank = smooth(455.0, 660.0, x + 0.0) * 76.0 + smooth(880.0, 1000.0, x + 0.0) * 18.0
        top = HEIGHT + 14.0 - bank - rise
        for y in range(max(0, int(top)), HEIGHT):
            rough = fractal2(x / 15.0, y / 8.0, 4, 411)
            dx, dy = (x - SCREEN_X) / 190.0, (y - 640.0) / 60.0
            light = 0.055 / (0.4 + dx * dx + dy * dy) * clamp(rough * 2.2 - 0.55)
            sun = 0.05 * clamp(rough - 0.42) * (1.0 - smooth(500.0, 760.0, x + 0.0))
            cover(x, y, (0.008 + 0.9 * light + sun, 0.009 + 0.95 * light + 0.4 * sun, 0.016 + 1.25 * light),
                  clamp(y + 1.0 - top))
    for y in range(638, 664):  # the display's shadow
        for x in range(620, 920):
            dx, dy = (x - SCREEN_X) / 140.0, (y - 649.0) / 13.0
            cover(x, y, (0.004, 0.004, 0.007), 0.9 * clamp(1.0 - dx * dx - dy * dy))


def pine(cx, foot, height, salt):
    """A trunk and boughs that hang, each a little different at its two ends."""
    tiers = int(height / 15.0)
    for n in range(int(height)):
        t = n / height
        tier = int(t * tiers)
        within = t * tiers - tier
        half = height * 0.20 * (1.0 - t) * (1.15 - 0.75 * within * within) + 0.6
        left = half * (0.72 + 0.50 * hashed(tier, 1, salt)) + 1.6 * hashed(n, 3, salt)
        right = half * (0.72 + 0.50 * hashed(tier, 2, salt)) + 1.6 * hashed(n, 4, salt)
        for x in range(int(cx - left), int(cx + right) + 2):
            inside = min(x + 1.0 - (cx - left), cx + right - x)
            cover(x, int(foot - n), (0.004, 0.006, 0.012), 0.97 * clamp(inside))


def pines():
    for n, (x, foot, height) in enumerate([(990, 700, 400), (968, 704, 250), (1004, 706, 210), (-4, 706, 390),
                                           (26, 712, 250), (56, 716, 150)]):
        pine(x, foot, height, 500 + n)


# ---- From light to a file -------------------------------------------------------------------------------------------------------


def tone(v):
    """Bright light rolls off instead of clipping; then gamma 2."""
    v = v if v > 0.0 else 0.0
    return sqrt(v * (1.0 + v * 0.16) / (1.0 + v * 0.92) * 1.06)


def rows():
    for y in range(HEIGHT):
        row = bytearray()
        for x in range(WIDTH):
            dx, dy = (x - 500.0) / 500.0, (y - 350.0) / 350.0
            vignette = 1.0 - 0.16 * (dx * dx * dx * dx + dy * dy * dy * dy)
            dither = hashed(x, y, 99)
            for v in canvas[y][x]:
                row.append(int(clamp(tone(v * vignette) * 255.0 + dither, 0.0, 255.0)))
        yield row


def filtered(row, above):
    """The PNG filter (none, left, above, average or Paeth) that leaves the smallest differences."""
    left = bytes(3) + bytes(row[:-3])
    corner = bytes(3) + bytes(above[:-3])
    candidates = [
        bytes(row),
        bytes((a - b) & 255 for a, b in zip(row, left)),
        bytes((a - b) & 255 for a, b in zip(row, above)),
        bytes((a - ((b + c) >> 1)) & 255 for a, b, c in zip(row, left, above)),
        bytes((a - paeth(b, c, d)) & 255 for a, b, c, d in zip(row, left, above, corner)),
    ]
    weights = [sum(v if v < 128 else 256 - v for v in candidate) for candidate in candidates]
    best = weights.index(min(weights))
    return bytes([best]) + candidates[best]


def paeth(left, above, corner):
    to_left, to_above, to_corner = abs(above - corner), abs(left - corner), abs(left + above - corner - corner)
    if to_left <= to_above and to_left <= to_corner:
        return left
    return above if to_above <= to_corner else corner


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def write_png(path):
    above = bytes(WIDTH * 3)
    body = bytearray()
    for row in rows():
        body += filtered(row, above)
        above = row
    with open(path, "wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n")
        file.write(chunk(b"IHDR", struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 2, 0, 0, 0)))
        file.write(chunk(b"IDAT", zlib.compress(bytes(body), 9)))
        file.write(chunk(b"IEND", b""))


def draw():
    for y in range(SHORE):
        base = sky_gradient(y / SHORE)
        for x in range(WIDTH):
            canvas[y][x] = sky(x, y, base)
    stars()
    mountains()
    lake()
    for (cx, cy, size), hue in zip(LANTERNS, HUES):
        lantern_reflection(cx, cy, size, hue)
    near_shore()
    glow(SCREEN_X, SCREEN_Y, 330.0, (0.30, 0.36, 0.52), 0.020)
    display()
    pines()
    for n, ((cx, cy, size), hue) in enumerate(zip(LANTERNS, HUES)):
        end = (SCREEN_X - 186.0, SCREEN_Y - 76.0 + 21.0 * n)
        ribbon((cx, cy - size * 0.7), end, hue, 150.0 + 34.0 * hashed(n, 7, 3) - 10.0 * n)
    for (cx, cy, size), hue in zip(LANTERNS, HUES):
        lantern(cx, cy, size, hue)


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    draw()
    write_png(sys.argv[1])


if __name__ == "__main__":
    main()
