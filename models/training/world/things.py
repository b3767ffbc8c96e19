"""Allowed things that do not live: each painter draws one in [-1, 1] coordinates.

The asked-for colour covers most of the silhouette; what is not coloured is neutral, so that the
colour can be read at a glance. Standing things stand on y = 1. The order is that of the codes.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from .buildings import BUILDINGS
from .garden import GARDEN
from .household import HOUSEHOLD
from .paint import Pen, Shade
from .toys import TOYS
from .vehicles import VEHICLES

Painter = Callable[[Pen, Shade, Random], None]

THINGS: dict[str, Painter] = {**BUILDINGS, **VEHICLES, **GARDEN, **HOUSEHOLD, **TOYS}
