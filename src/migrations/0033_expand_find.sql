-- A picture is found by the SHA-256 of its file or of its pixels: as it was drawn, as it was marked, and as it was released each time.
CREATE INDEX image_by_drawn ON darkroom.image (generated_digest) WHERE generated_digest IS NOT NULL;
CREATE INDEX image_by_file ON darkroom.image ((marked->'digests'->>'file')) WHERE marked IS NOT NULL;
CREATE INDEX image_by_pixels ON darkroom.image ((marked->'digests'->>'pixels')) WHERE marked IS NOT NULL;
CREATE INDEX move_by_file ON darkroom.move ((facts->>'file')) WHERE kind = 'image.published';
