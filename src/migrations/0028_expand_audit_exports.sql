-- Exports of the log: what was asked for, who is at it, how far it is, and the small files of the archive. The rows of an export lie in
-- quarantine under `audit/<id>`, in parts.

CREATE TABLE darkroom.audit_export (
  id text PRIMARY KEY,
  state text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'running', 'done', 'failed', 'removing')),
  requested_by jsonb NOT NULL,
  period_from timestamptz NOT NULL,
  period_to timestamptz NOT NULL,
  tenant_id text REFERENCES darkroom.tenant (id),
  kind text,
  subject text,
  csv boolean NOT NULL,
  parquet boolean NOT NULL,
  idempotency_key text,
  order_digest text,
  created_at timestamptz NOT NULL DEFAULT darkroom.now(),
  -- Grows with each worker that takes it; who has an older one writes nothing more. Nobody takes it before `due_at`.
  fence bigint NOT NULL DEFAULT 0,
  due_at timestamptz NOT NULL DEFAULT darkroom.now(),
  failures integer NOT NULL DEFAULT 0,
  failure text,
  -- How often it was begun anew, each time in a folder of its own.
  attempt integer NOT NULL DEFAULT 0,
  -- Leaves [range_first, range_end) of the tree of tree_size leaves; null while it waits for the log.
  range_first bigint,
  range_end bigint,
  tree_size bigint,
  rows_done bigint NOT NULL DEFAULT 0,
  parts jsonb NOT NULL DEFAULT '[]',
  parquet_parts jsonb NOT NULL DEFAULT '[]',
  counts jsonb,
  manifest text,
  note text,
  proofs text,
  size_bytes bigint,
  sha256 text,
  done_at timestamptz,
  CHECK (period_from < period_to),
  CHECK (state <> 'done' OR (manifest IS NOT NULL AND note IS NOT NULL AND proofs IS NOT NULL AND sha256 IS NOT NULL))
);
CREATE UNIQUE INDEX audit_export_idempotency ON darkroom.audit_export (idempotency_key) WHERE idempotency_key IS NOT NULL;
CREATE INDEX audit_export_due ON darkroom.audit_export (due_at) WHERE state IN ('waiting', 'running', 'removing');

-- Where a period begins and ends in the log.
CREATE INDEX move_by_time ON darkroom.move (at, log_index);
-- Restricted cases, whose rows no export opens.
CREATE INDEX statement_restricted ON darkroom.statement (subject_id) WHERE record->'redress'->>'kind' = 'restricted';
CREATE INDEX review_item_restricted ON darkroom.review_item (request_id) WHERE restricted;
