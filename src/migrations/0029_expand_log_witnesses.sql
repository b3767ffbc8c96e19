-- Who else vouches for the log: which checkpoint is served, what witnesses saw of it, and when they and the authority on time are due.

CREATE TABLE darkroom.log_publication (
  one boolean PRIMARY KEY DEFAULT true CHECK (one),
  -- The checkpoint that is served; null: whichever is the newest, where no witnesses are asked.
  size bigint REFERENCES darkroom.log_checkpoint (size),
  published_at timestamptz,
  witnesses_due_at timestamptz NOT NULL DEFAULT darkroom.now(),
  timestamp_due_at timestamptz NOT NULL DEFAULT darkroom.now(),
  -- Why the last question to the authority came to nothing; null: it did not.
  timestamp_failure text
);
INSERT INTO darkroom.log_publication DEFAULT VALUES;

-- The newest that is dated, among very many that are not.
CREATE INDEX log_checkpoint_dated ON darkroom.log_checkpoint (size) WHERE timestamp_token IS NOT NULL;

CREATE TABLE darkroom.log_witness (
  -- As it is printed in verifier keys.
  key text PRIMARY KEY,
  -- The tree that the witness saw last, as far as is known here.
  size bigint NOT NULL DEFAULT 0 CHECK (size >= 0),
  -- Why the last question came to nothing; null: it did not.
  failure text
);

CREATE TABLE darkroom.log_cosignature (
  size bigint NOT NULL REFERENCES darkroom.log_checkpoint (size),
  key text NOT NULL,
  -- A signature line of the checkpoint's note, without its newline.
  line text NOT NULL,
  at timestamptz NOT NULL DEFAULT darkroom.now(),
  PRIMARY KEY (size, key)
);
