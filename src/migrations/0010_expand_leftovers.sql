-- An image that ended without a picture may have left files: its row here is written by the move that ended it and goes when they
-- are surely gone. And the indexes of what is counted whenever the meters are read.
CREATE TABLE darkroom.leftover (
  image_id text PRIMARY KEY REFERENCES darkroom.image (id),
  passes integer NOT NULL DEFAULT 0,
  due_at timestamptz NOT NULL DEFAULT darkroom.now(),
  -- Until then work that was in hand may write once more, and its worker die before it takes that away again.
  settled_at timestamptz NOT NULL
);
CREATE INDEX leftover_due ON darkroom.leftover (due_at);

CREATE INDEX image_held ON darkroom.image (id) WHERE state = 'held';
