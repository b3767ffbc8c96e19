"""What captions say is what they claim to say, and they are short enough to be read."""

from __future__ import annotations

import unittest
from dataclasses import replace
from random import Random

from tests.reading import PHRASES, read_free, read_plain
from world.grammar import LONGEST, WORD, caption, plain
from world.names import NAMES, UNCOUNTED, plural
from world.sampling import sample_scene
from world.scene import THINGS, Scene


# Words that give a value away, from outside the tables: a wording with one of them must stand for that value.
TELLING = {
    "time": {"dawn": "dawn sunrise morning daybreak", "sunset": "sunset dusk evening sundown",
             "night": "night moon midnight stars", "day": "sunny noon daylight daytime sunshine"},
    "place": {"beach": "beach sea ocean shore", "desert": "desert dunes cactuses", "forest": "forest woods fir pine",
              "mountains": "mountain mountains snow", "city": "city town street", "meadow": "meadow grass countryside",
              "kitchen": "kitchen board", "page": "medical anatomy textbook"},
    "style": {"crayon": "crayon crayons", "ink": "ink pen", "watercolour": "watercolour watercolor", "flat": "flat"},
    "size": {"small": "small tiny little", "big": "big large huge"},
    "relation": {"left": "left", "right": "right", "under": "under below", "on": "top above"},
}


class Captions(unittest.TestCase):
    def test_every_kind_has_names_and_no_name_has_two_kinds(self) -> None:
        self.assertEqual(set(THINGS[1:]) - set(NAMES), set())
        owners: dict[str, str] = {}
        for kind, nouns in NAMES.items():
            for noun in nouns:
                self.assertEqual(owners.setdefault(noun, kind), kind, noun)
                if noun not in UNCOUNTED:
                    self.assertEqual(owners.setdefault(plural(noun), kind), kind, noun)

    def test_wordings_with_a_telling_word_stand_for_what_it_tells(self) -> None:
        for phrase, (field, value) in PHRASES.items():
            for meant, telling in TELLING.get(field, {}).items():
                if set(telling.split()) & set(phrase.split()):
                    self.assertEqual(value, meant, phrase)

    def test_plain_wordings_are_read_back_whole_by_another_parser(self) -> None:
        rng = Random(1)
        for _ in range(8000):
            scene = sample_scene(rng)
            expected = replace(scene, size="" if scene.size == "usual" or scene.thing == "nothing" else scene.size)
            self.assertEqual(read_plain(plain(scene)), expected, plain(scene))

    def test_free_wordings_say_what_they_claim_and_nothing_else(self) -> None:
        rng = Random(2)
        for _ in range(20000):
            scene = sample_scene(rng)
            made = caption(scene, rng)
            said = made.said
            if said.relation == "beside" and " and " in made.text:  # either may come first
                swapped = replace(said, thing=said.other_thing, colour=said.other_colour, other_thing=said.thing,
                                  other_colour=said.colour)
                self.assertIn(read_free(made.text), _loosely(said) + _loosely(swapped), made.text)
            else:
                self.assertEqual(read_free(made.text), said, made.text)

    def test_a_whole_caption_leaves_out_only_that_a_size_is_usual(self) -> None:
        rng = Random(3)
        for _ in range(2000):
            scene = sample_scene(rng)
            expected = replace(scene, size="" if scene.size == "usual" or scene.thing == "nothing" else scene.size)
            self.assertEqual(caption(scene, rng, whole=True).said, expected)

    def test_what_is_said_is_true_of_the_scene(self) -> None:
        rng = Random(4)
        for _ in range(5000):
            scene = sample_scene(rng)
            for name, value in vars(caption(scene, rng).said).items():
                if name == "relation" and value == "beside":
                    self.assertIn(scene.relation, ("left", "right"))
                elif value:
                    self.assertEqual(value, getattr(scene, name))

    def test_captions_are_short(self) -> None:
        rng = Random(5)
        longest = max(len(WORD.findall(caption(sample_scene(rng), rng).text)) for _ in range(5000))
        self.assertLessEqual(longest, LONGEST)

    def test_captions_depend_on_the_seed_alone(self) -> None:
        scene = Scene("cat", "red", "beach", "night", relation="left", other_thing="house", other_colour="blue")
        self.assertEqual([caption(scene, Random(i)) for i in range(50)], [caption(scene, Random(i)) for i in range(50)])
        self.assertGreater(len({caption(scene, Random(i)).text for i in range(50)}), 45)


def _loosely(said: Scene) -> list[Scene]:
    """`said` with size, count and state belonging to either group: what "a and b" leaves open."""
    return [said, replace(said, size="", count=1, state="")]


if __name__ == "__main__":
    unittest.main()
