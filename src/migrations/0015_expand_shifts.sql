-- A reviewer's working day: how long they have been at it, what they asked to be spared, what they leave to colleagues. Lock order goes
-- on: ..., review_item, appeal, review_shift, tenant.

-- One row a person. Acts are claims and verdicts; what is due of them is review/wellbeing.ts's to say.
CREATE TABLE darkroom.review_shift (
  person_id text PRIMARY KEY REFERENCES darkroom.person (id),
  -- When the work began that has had no break since, and the last act of it.
  work_since timestamptz,
  acted_at timestamptz,
  -- A break that the person began, until the next act after it.
  break_from timestamptz,
  break_until timestamptz,
  -- How they like to see pictures.
  grey boolean NOT NULL DEFAULT false,
  size text NOT NULL DEFAULT 'm' CHECK (size IN ('s', 'm', 'l')),
  blur_again_seconds integer CHECK (blur_again_seconds BETWEEN 1 AND 3600),
  CHECK ((work_since IS NULL) = (acted_at IS NULL)),
  CHECK ((break_from IS NULL) = (break_until IS NULL))
);

-- Categories of which a person is given nothing for a while.
CREATE TABLE darkroom.review_skip (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  person_id text NOT NULL REFERENCES darkroom.person (id),
  -- Empty: what has none.
  category text NOT NULL,
  -- By passing an item: the person was never told of which category it was.
  passed boolean NOT NULL,
  at timestamptz NOT NULL DEFAULT darkroom.now(),
  until timestamptz NOT NULL
);
CREATE INDEX review_skip_by_person ON darkroom.review_skip (person_id, until);
CREATE INDEX review_skip_until ON darkroom.review_skip (until);

-- What somebody leaves to the next shift, in their own words; erased when its time is over.
CREATE TABLE darkroom.review_handover (
  id text PRIMARY KEY,
  person_id text NOT NULL REFERENCES darkroom.person (id),
  note text NOT NULL,
  -- How many items were given back with it.
  items integer NOT NULL CHECK (items >= 0),
  at timestamptz NOT NULL DEFAULT darkroom.now()
);
CREATE INDEX review_handover_at ON darkroom.review_handover (at);

-- With which claim a verdict was given, so that the same one sent again is the same one; and when it was to take effect.
ALTER TABLE darkroom.review_verdict
  ADD COLUMN lease_hash text,
  ADD COLUMN effect_at timestamptz;
