-- Retention, withdrawal and legal holds: what is to be removed of one image, what was erased but must be kept, and the end of what is
-- preserved.

-- Of one image, recorded in the transaction that makes it due and gone when it is done: `public`, the released copy goes back to
-- quarantine; `originals`, what quarantine still holds of a released image.
CREATE TABLE darkroom.removal (
  image_id text NOT NULL REFERENCES darkroom.image (id),
  what text NOT NULL CHECK (what IN ('public', 'originals')),
  due_at timestamptz NOT NULL DEFAULT darkroom.now(),
  PRIMARY KEY (image_id, what)
);
CREATE INDEX removal_due ON darkroom.removal (due_at);

-- Erased for everybody who asks, kept sealed because it must be; the erasure itself follows when nothing asks for that any more.
CREATE TABLE darkroom.held_erasure (
  request_id text PRIMARY KEY REFERENCES darkroom.request (id),
  tenant_id text NOT NULL REFERENCES darkroom.tenant (id),
  asked_at timestamptz NOT NULL DEFAULT darkroom.now()
);

-- A restricted case is preserved until a person ends that, and nobody is asked to before its time.
ALTER TABLE darkroom.statement
  ADD COLUMN preservation_due_at timestamptz,
  ADD COLUMN preservation_ended_at timestamptz,
  ADD COLUMN preservation_ended_by text REFERENCES darkroom.person (id),
  ADD COLUMN preservation_end_reason text;
CREATE INDEX statement_preserved ON darkroom.statement (created_at)
  WHERE record->'redress'->>'kind' = 'restricted' AND preservation_ended_at IS NULL;

-- When what quarantine held of a released image was given up.
ALTER TABLE darkroom.image ADD COLUMN originals_removed_at timestamptz;
CREATE INDEX image_released ON darkroom.image (published_at)
  WHERE state = 'published' AND originals_removed_at IS NULL AND erased_at IS NULL;
CREATE INDEX image_restricted ON darkroom.image (statement_id)
  WHERE state IN ('denied', 'withdrawn') AND erased_at IS NULL;
CREATE INDEX request_refused ON darkroom.request (statement_id) WHERE state = 'refused' AND erased_at IS NULL;

CREATE INDEX report_open ON darkroom.report (image_id) WHERE state = 'open';
