"""Tests of the storybook world: `python -m unittest discover -s models/training/tests -t models/training`."""
