"""The sensitive corner: what is refused, what resembles it and is allowed, and what nobody could tell.

`SAFETY` says what a classifier should find in a kind (its own labels are none where it is not named);
a kind of `UNCLEAR` belongs before a person, for the labels in `HELD_AS` that it may be.
"""

from __future__ import annotations

from .blood import VIOLENCE, old_bones, red_drips, red_puddle, wounds
from .lookalikes import LOOKALIKES, stained_plate
from .weapons import WEAPONS, painted_gun, plain_knife

UNCLEAR = {"red_puddle": red_puddle, "red_drips": red_drips, "plain_knife": plain_knife, "painted_gun": painted_gun,
           "old_bones": old_bones, "stained_plate": stained_plate}

SAFETY: dict[str, frozenset[str]] = {
    **{kind: frozenset({"weapon"}) for kind in ("sword", "gun", "rifle", "bomb", "battle_axe")},
    "bloody_knife": frozenset({"weapon", "blood"}), "bloody_axe": frozenset({"weapon", "blood"}),
    "puddle": frozenset({"blood"}), "splatter": frozenset({"blood"}),
    **{kind: frozenset({"blood", "gore"}) for kind in ("gore", "bloody_skull", "torn_heart")},
    **{kind: frozenset({"medical"}) for kind in ("heart", "skeleton", "syringe")},
}

HELD_AS: dict[str, frozenset[str]] = {
    "red_puddle": frozenset({"blood"}), "red_drips": frozenset({"blood"}), "stained_plate": frozenset({"blood"}),
    "plain_knife": frozenset({"weapon"}), "painted_gun": frozenset({"weapon"}), "old_bones": frozenset({"gore"}),
}

__all__ = ["HELD_AS", "LOOKALIKES", "SAFETY", "UNCLEAR", "VIOLENCE", "WEAPONS", "wounds"]
