-- What is counted by day (UTC), since nothing else of it is kept: answers of the public check, and looks of the recheck. No row is about
-- anybody: neither a picture nor who asked can be told from it.

-- Since when: what was before is not measured.
CREATE TABLE darkroom.day_count (
  one boolean PRIMARY KEY DEFAULT true CHECK (one),
  since timestamptz NOT NULL DEFAULT darkroom.now()
);
INSERT INTO darkroom.day_count DEFAULT VALUES;

CREATE TABLE darkroom.public_check_day (
  day date NOT NULL,
  surface text NOT NULL CHECK (surface IN ('page', 'api', 'soft_binding')),
  -- A picture that was handed in, or the address of one.
  given text NOT NULL CHECK (given IN ('file', 'address')),
  verdict text NOT NULL CHECK (verdict IN ('ours', 'ours_altered', 'foreign_manifest', 'none_found', 'inconclusive')),
  count bigint NOT NULL CHECK (count > 0),
  PRIMARY KEY (day, surface, given, verdict)
);

CREATE TABLE darkroom.recheck_day (
  day date NOT NULL,
  -- As darkroom_recheck_total has it; looks that say nothing of a picture are not counted.
  result text NOT NULL CHECK (result IN ('ok', 'lapsed', 'mismatch', 'missing', 'log_mismatch')),
  count bigint NOT NULL CHECK (count > 0),
  PRIMARY KEY (day, result)
);
