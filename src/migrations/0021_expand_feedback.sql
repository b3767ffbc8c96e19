-- What people say of an answer of the public check: whether it was right, and no picture. Gone after a configured time.
CREATE TABLE darkroom.provenance_feedback (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  agrees boolean NOT NULL,
  verdict text NOT NULL CHECK (verdict IN ('ours', 'ours_altered', 'foreign_manifest', 'none_found', 'inconclusive')),
  text text CHECK (length(text) BETWEEN 1 AND 2000),
  created_at timestamptz NOT NULL DEFAULT darkroom.now()
);
CREATE INDEX provenance_feedback_due ON darkroom.provenance_feedback (created_at);
