-- Who gave an item back is not handed it again at once.
ALTER TABLE darkroom.review_item
  ADD COLUMN aside_by text REFERENCES darkroom.person (id),
  ADD COLUMN aside_until timestamptz,
  ADD CONSTRAINT review_item_aside CHECK ((aside_by IS NULL) = (aside_until IS NULL));
