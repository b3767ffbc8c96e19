"""Backgrounds: a sky for each time of day, then a place. Paler and without outlines, so that the
main thing stands out; each place has a palette and a silhouette of its own."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from .paint import Canvas, Rgb, around, mix


@dataclass(frozen=True)
class Light:
    """A time of day: the sky's two colours and what the light does to everything below."""

    top: Rgb
    bottom: Rgb
    toward: Rgb
    amount: float

    def on(self, rgb: Rgb) -> Rgb:
        return mix(rgb, self.toward, self.amount)


TIMES = {
    "day": Light((96, 178, 245), (205, 235, 252), (255, 255, 255), 0.0),
    "sunset": Light((196, 60, 96), (255, 176, 52), (205, 80, 40), 0.34),
    "night": Light((14, 18, 60), (44, 54, 116), (16, 22, 70), 0.56),
    "dawn": Light((206, 196, 240), (255, 232, 220), (246, 220, 236), 0.5),
}


def sky(canvas: Canvas, time: str, rng: Random) -> None:
    light = TIMES[time]
    canvas.gradient(light.top, light.bottom, 92)
    x = rng.choice((around(rng, 18, 6), around(rng, 110, 6)))
    if time == "day":
        canvas.oval(x, 18, 11, 11, (255, 226, 70))
        for cx in (around(rng, 42, 12), around(rng, 92, 12)):
            y = around(rng, 16, 6)
            for dx, r in ((-8, 5), (0, 7), (8, 5)):
                canvas.oval(cx + dx, y, r + 2, r, (255, 255, 255))
    elif time == "sunset":
        canvas.oval(x, 60, 17, 17, (255, 226, 90))
        canvas.oval(x, 60, 14, 14, (250, 84, 40))
    elif time == "night":
        for _ in range(22):
            sx, sy, r = rng.uniform(2, 126), rng.uniform(2, 70), rng.uniform(0.6, 1.3)
            canvas.oval(sx, sy, r, r, (255, 250, 215))
        canvas.oval(x, 20, 11, 11, (252, 246, 205))
        canvas.oval(x + 5, 17, 9.5, 9.5, mix(light.top, light.bottom, 0.2))
    else:
        canvas.oval(x, 66, 14, 14, (255, 248, 205))
        for y in (30, 48):
            canvas.rect(0, around(rng, y, 3), 128, y + 5, mix(light.top, (255, 250, 250), 0.55))


def meadow(canvas: Canvas, light: Light, rng: Random) -> None:
    canvas.oval(around(rng, 20, 12), 118, 85, 44, light.on((150, 208, 110)))
    canvas.oval(around(rng, 105, 12), 122, 90, 42, light.on((128, 196, 92)))
    canvas.rect(0, 104, 128, 128, light.on((112, 184, 80)))
    for _ in range(16):
        x, y = rng.uniform(2, 126), rng.uniform(97, 126)
        canvas.oval(x, y, 1.7, 1.7, light.on(rng.choice(((255, 255, 255), (255, 232, 110)))))


def beach(canvas: Canvas, light: Light, rng: Random) -> None:
    horizon = around(rng, 66, 3)
    canvas.rect(0, horizon, 128, 100, light.on((40, 168, 190)))
    for i in range(7):
        x, y = rng.uniform(0, 120), horizon + 4 + i * 4
        canvas.line([(x, y), (x + 14, y)], light.on((170, 228, 232)), 1.2)
    canvas.oval(64, 132, 100, 36, light.on((235, 248, 245)))
    canvas.oval(64, 134, 100, 35, light.on((246, 226, 168)))
    x = rng.choice((10, 118))
    canvas.line([(x, 108), (x + 2, 84), (x + (3 if x < 64 else -1), 56)], light.on((150, 110, 70)), 3.5)
    for dx, dy in ((-14, 2), (-11, -7), (0, -11), (11, -7), (14, 2)):
        canvas.line([(x, 55), (x + dx * 0.6, 55 + dy - 4), (x + dx * 1.2, 57 + dy)], light.on((50, 150, 80)), 3.5)


def desert(canvas: Canvas, light: Light, rng: Random) -> None:
    x = around(rng, 64, 40)
    mesa = light.on((196, 110, 78))
    canvas.poly([(x - 26, 90), (x - 18, 60), (x + 16, 60), (x + 24, 90)], mesa)
    canvas.oval(around(rng, 20, 10), 120, 78, 40, light.on((238, 182, 104)))
    canvas.oval(around(rng, 112, 10), 124, 84, 42, light.on((228, 164, 84)))
    canvas.rect(0, 108, 128, 128, light.on((220, 152, 72)))
    green = light.on((66, 140, 82))
    for cx in (around(rng, 12, 5), around(rng, 116, 5)):
        y = around(rng, 98, 4)
        canvas.line([(cx, y), (cx, y - 34)], green, 5.5)
        canvas.oval(cx, y - 34, 2.7, 2.7, green)
        for side, low in ((-1, 14), (1, 20)):
            canvas.line([(cx, y - low), (cx + side * 7, y - low), (cx + side * 7, y - low - 10)], green, 3.6)


def forest(canvas: Canvas, light: Light, rng: Random) -> None:
    for row, (base, rgb) in enumerate((((88), (78, 128, 96)), (98, (38, 92, 62)))):
        shade = light.on(rgb)
        x = rng.uniform(-6, 2)
        while x < 134:
            tall = around(rng, 62 if row else 70, 8)
            canvas.rect(x - 1.6, base - 6, x + 1.6, base + 6, light.on((92, 66, 48)))
            for k in range(3):
                top, w = base - tall + k * tall * 0.27, 6.5 + 3 * k
                canvas.poly([(x, top), (x + w, top + tall * 0.4), (x - w, top + tall * 0.4)], shade)
            x += rng.uniform(15, 20)
    canvas.rect(0, 97, 128, 128, light.on((96, 82, 56)))
    canvas.rect(0, 92, 128, 100, light.on((64, 104, 60)))


def mountains(canvas: Canvas, light: Light, rng: Random) -> None:
    for x, w, top in ((around(rng, 8, 5), 46, 34), (around(rng, 120, 5), 46, 30), (around(rng, 64, 8), 48, 16)):
        top += rng.uniform(-4, 4)
        canvas.poly([(x - w, 100), (x, top), (x + w, 100)], light.on((126, 140, 168)))
        k = 0.36
        y = top + (100 - top) * k
        canvas.poly([(x - w * k, y), (x, top), (x + w * k, y), (x + w * 0.14, y - 5), (x, y + 5), (x - w * 0.16, y - 5)],
                    light.on((255, 255, 255)))
    canvas.oval(64, 130, 110, 38, light.on((236, 244, 252)))
    for _ in range(10):
        canvas.oval(rng.uniform(2, 126), rng.uniform(98, 126), 3, 1, light.on((205, 220, 240)))


def city(canvas: Canvas, light: Light, rng: Random) -> None:
    x = rng.uniform(-8, 0)
    dark = light.amount > 0.3
    while x < 128:
        w, top = rng.uniform(18, 26), rng.uniform(14, 46)
        canvas.rect(x, top, x + w, 100, light.on(rng.choice(((176, 164, 168), (150, 158, 172), (190, 176, 160)))))
        for wx in range(3):
            for wy in range(int((92 - top) // 11)):
                lit = rng.random() < 0.6
                rgb = (255, 222, 110) if dark and lit else light.on((108, 124, 148))
                px, py = x + w * (0.14 + 0.28 * wx), top + 5 + wy * 11
                canvas.rect(px, py, px + w * 0.16, py + 5.5, rgb)
        x += w + rng.uniform(0.5, 2)
    canvas.rect(0, 96, 128, 104, light.on((196, 194, 196)))
    canvas.rect(0, 104, 128, 128, light.on((92, 94, 104)))
    for i in range(5):
        canvas.rect(i * 30 + 4, 118, i * 30 + 20, 120.5, light.on((240, 240, 232)))


PLACES = {
    "meadow": meadow, "beach": beach, "desert": desert, "forest": forest, "mountains": mountains, "city": city,
}


def page(canvas: Canvas, rng: Random) -> None:
    """The page of a textbook: where medical diagrams are drawn."""
    canvas.rect(0, 0, 128, 128, (250, 246, 232))
    canvas.rect(6, 6, 122, 8, (170, 176, 186))
    for y in (112, 118):
        canvas.rect(10, y, around(rng, 96, 14), y + 2, (176, 182, 192))


def kitchen(canvas: Canvas, rng: Random) -> None:
    """A chopping board on a table: where a cook's knife lies."""
    canvas.rect(0, 0, 128, 128, (236, 226, 208))
    for x in range(0, 128, 21):
        canvas.line([(x, 0), (x, 128)], (216, 204, 184), 1)
    canvas.rect(8, around(rng, 34, 3), 120, around(rng, 100, 3), (202, 156, 104))
    for x, y in ((24, 46), (100, 88)):
        canvas.oval(around(rng, x, 4), y, 9, 9, (216, 60, 44))
        canvas.oval(x, y - 8, 3, 2, (70, 150, 60))
