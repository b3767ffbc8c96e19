-- The turns of the recheck of released pictures, which all workers share: when the next one is due, and the picture that could not be
-- looked at in the last. Which picture a turn takes is drawn by its mark's id, so no picture has a row here.
CREATE TABLE darkroom.recheck (
  one boolean PRIMARY KEY DEFAULT true CHECK (one),
  next_at timestamptz NOT NULL DEFAULT darkroom.now(),
  image_id text,
  tries integer NOT NULL DEFAULT 0
);
INSERT INTO darkroom.recheck DEFAULT VALUES;
