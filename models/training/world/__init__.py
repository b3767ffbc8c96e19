"""The storybook world: scenes, how they are drawn, and how people would ask for them."""
