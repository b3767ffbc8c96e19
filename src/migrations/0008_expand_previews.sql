-- Previews on the way to a picture, and the recipe that each picture was made by.
ALTER TABLE darkroom.tenant ADD COLUMN previews_allowed boolean NOT NULL DEFAULT true;
ALTER TABLE darkroom.request ADD COLUMN previews smallint NOT NULL DEFAULT 0 CHECK (previews BETWEEN 0 AND 3);
ALTER TABLE darkroom.image ADD COLUMN recipe jsonb;

-- The row is written before its object: what a crash leaves behind can be found. It is readable from `released_at` on.
CREATE TABLE darkroom.preview (
  image_id text NOT NULL REFERENCES darkroom.image (id),
  position smallint NOT NULL CHECK (position BETWEEN 0 AND 2),
  object_key text NOT NULL,
  content_type text NOT NULL,
  width integer NOT NULL CHECK (width > 0),
  height integer NOT NULL CHECK (height > 0),
  created_at timestamptz NOT NULL DEFAULT darkroom.now(),
  released_at timestamptz,
  PRIMARY KEY (image_id, position)
);
