-- Whether the pictures of a request carry a visible label.
ALTER TABLE darkroom.request ADD COLUMN label boolean NOT NULL DEFAULT false;
