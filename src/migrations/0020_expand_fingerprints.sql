-- Fingerprints by a published standard (ISO 24138, 256 bits), and finding a released picture by one that lies near. What was recorded
-- before has 16 hexadecimal digits and stays: it is compared in its own measure and found by no likeness.
ALTER TABLE darkroom.image ADD COLUMN fingerprint_weak boolean;

-- What can be found by likeness: a row a released picture whose fingerprint tells it from others, gone with its content.
CREATE TABLE darkroom.fingerprint (
  image_id text PRIMARY KEY REFERENCES darkroom.image (id),
  bits bit(256) NOT NULL
);

-- Sixteen bands of sixteen bits, each with an index (multi-index hashing): two that differ in at most fifteen bits share a band.
DO $$
BEGIN
  FOR band IN 0..15 LOOP
    EXECUTE format('CREATE INDEX fingerprint_band_%s ON darkroom.fingerprint ((substring(bits, %s, 16)::int))', band, 1 + 16 * band);
  END LOOP;
END $$;
