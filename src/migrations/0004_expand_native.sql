-- Erasure, sandbox prompts, and the indexes that lists and followers read by.

ALTER TABLE darkroom.tenant ADD COLUMN sandbox boolean NOT NULL DEFAULT false;

ALTER TABLE darkroom.request
  ADD COLUMN sandbox text,
  ADD COLUMN erased_at timestamptz;
ALTER TABLE darkroom.image ADD COLUMN erased_at timestamptz;

-- Recorded in the transaction that erases the rows, gone when every object is: what a crash or a failing store left is retried.
-- Work that was in hand may write once more, so the last pass comes after `settled_at`.
CREATE TABLE darkroom.erasure (
  request_id text PRIMARY KEY REFERENCES darkroom.request (id),
  tenant_id text NOT NULL REFERENCES darkroom.tenant (id),
  asked_at timestamptz NOT NULL DEFAULT darkroom.now(),
  due_at timestamptz NOT NULL DEFAULT darkroom.now(),
  passes integer NOT NULL DEFAULT 0,
  settled_at timestamptz NOT NULL DEFAULT darkroom.now()
);
CREATE INDEX erasure_due ON darkroom.erasure (due_at);
