-- The journey's records. Forward only. Runs on PostgreSQL 15 and on PGlite.
-- States are text with a CHECK; `move` is append-only and carries the fields of the transparency log's leaf.

CREATE TABLE darkroom.clock_offset (only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row), by interval NOT NULL);
INSERT INTO darkroom.clock_offset (by) VALUES (interval '0');

CREATE FUNCTION darkroom.now() RETURNS timestamptz LANGUAGE sql VOLATILE AS
  $$ SELECT date_trunc('milliseconds', clock_timestamp() + (SELECT by FROM darkroom.clock_offset)) $$;

CREATE TABLE darkroom.tenant (
  id text PRIMARY KEY,
  name text NOT NULL,
  weight double precision NOT NULL DEFAULT 1 CHECK (weight > 0),
  pseudonym text NOT NULL UNIQUE,
  -- The tenant's own chain of leaves: the number and hash of the last one.
  sequence bigint NOT NULL DEFAULT 0,
  head text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT darkroom.now()
);

CREATE TABLE darkroom.person (
  id text PRIMARY KEY,
  tenant_id text NOT NULL REFERENCES darkroom.tenant (id),
  name text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT darkroom.now()
);

CREATE TABLE darkroom.api_key (
  id text PRIMARY KEY,
  tenant_id text NOT NULL REFERENCES darkroom.tenant (id),
  person_id text REFERENCES darkroom.person (id),
  name text NOT NULL,
  prefix text NOT NULL,
  hash text NOT NULL UNIQUE,
  roles text[] NOT NULL,
  created_at timestamptz NOT NULL DEFAULT darkroom.now(),
  last_used_at timestamptz,
  revoked_at timestamptz
);

CREATE TABLE darkroom.session (
  hash text PRIMARY KEY,
  key_id text NOT NULL REFERENCES darkroom.api_key (id),
  expires_at timestamptz NOT NULL
);

CREATE TABLE darkroom.request (
  id text PRIMARY KEY,
  tenant_id text NOT NULL REFERENCES darkroom.tenant (id),
  key_id text NOT NULL REFERENCES darkroom.api_key (id),
  state text NOT NULL CHECK (state IN
    ('received', 'refused', 'queued', 'generating', 'done', 'failed', 'cancelled', 'expired')),
  version integer NOT NULL DEFAULT 0,
  attempt integer NOT NULL DEFAULT 0,
  failure text,
  salt bytea,
  prompt text,
  negative_prompt text,
  purpose text,
  user_digest text,
  model text NOT NULL,
  model_version text NOT NULL,
  pack_digest text NOT NULL,
  width integer NOT NULL,
  height integer NOT NULL,
  steps integer NOT NULL,
  guidance_scale double precision NOT NULL,
  scheduler text NOT NULL,
  quality text NOT NULL,
  output_format text NOT NULL CHECK (output_format IN ('png', 'jpeg', 'webp')),
  output_compression integer CHECK (output_compression BETWEEN 0 AND 100),
  n integer NOT NULL CHECK (n >= 1),
  seed bigint NOT NULL,
  cost double precision NOT NULL,
  steps_done integer NOT NULL DEFAULT 0,
  prompt_truncated boolean NOT NULL DEFAULT false,
  policy_digest text NOT NULL,
  statement_id text,
  idempotency_key text,
  order_digest text,
  created_at timestamptz NOT NULL DEFAULT darkroom.now(),
  updated_at timestamptz NOT NULL DEFAULT darkroom.now(),
  CONSTRAINT request_idempotency UNIQUE (tenant_id, idempotency_key),
  CHECK ((state = 'failed') = (failure IS NOT NULL)),
  CHECK (state <> 'refused' OR statement_id IS NOT NULL)
);
CREATE INDEX request_by_tenant ON darkroom.request (tenant_id, id DESC);

CREATE TABLE darkroom.image (
  id text PRIMARY KEY,
  request_id text NOT NULL REFERENCES darkroom.request (id),
  tenant_id text NOT NULL REFERENCES darkroom.tenant (id),
  position integer NOT NULL,
  state text NOT NULL CHECK (state IN
    ('planned', 'generated', 'cleared', 'held', 'denied', 'marked', 'published', 'withdrawn', 'expired', 'failed', 'cancelled')),
  version integer NOT NULL DEFAULT 0,
  failure text,
  salt bytea,
  seed bigint NOT NULL,
  mark_id bigint NOT NULL UNIQUE,
  generated_digest text,
  verdict jsonb,
  marked jsonb,
  manifest_id text UNIQUE,
  fingerprint text,
  object_key text,
  statement_id text,
  created_at timestamptz NOT NULL DEFAULT darkroom.now(),
  updated_at timestamptz NOT NULL DEFAULT darkroom.now(),
  published_at timestamptz,
  UNIQUE (request_id, position),
  CHECK ((state = 'failed') = (failure IS NOT NULL)),
  CHECK (state <> 'denied' OR statement_id IS NOT NULL),
  -- Nobody receives an image that was not judged and marked.
  CHECK (state NOT IN ('cleared', 'held', 'denied', 'marked', 'published', 'withdrawn') OR verdict IS NOT NULL),
  CHECK (state NOT IN ('marked', 'published', 'withdrawn') OR (marked IS NOT NULL AND manifest_id IS NOT NULL)),
  CHECK (state NOT IN ('published', 'withdrawn') OR (object_key IS NOT NULL AND published_at IS NOT NULL))
);

CREATE TABLE darkroom.appeal (
  id text PRIMARY KEY,
  tenant_id text NOT NULL REFERENCES darkroom.tenant (id),
  statement_id text NOT NULL UNIQUE,
  state text NOT NULL CHECK (state IN ('open', 'reviewing', 'upheld', 'overturned', 'partial', 'omitted', 'withdrawn')),
  version integer NOT NULL DEFAULT 0,
  created_at timestamptz NOT NULL DEFAULT darkroom.now(),
  updated_at timestamptz NOT NULL DEFAULT darkroom.now()
);

CREATE TABLE darkroom.statement (
  id text PRIMARY KEY,
  tenant_id text NOT NULL REFERENCES darkroom.tenant (id),
  subject text NOT NULL CHECK (subject IN ('request', 'image')),
  subject_id text NOT NULL,
  record jsonb NOT NULL,
  appeal_until timestamptz NOT NULL,
  created_at timestamptz NOT NULL DEFAULT darkroom.now()
);

-- Append-only. `from_state` is null for a birth; both states are null for a note.
CREATE TABLE darkroom.move (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tenant_id text NOT NULL REFERENCES darkroom.tenant (id),
  subject text NOT NULL,
  subject_id text NOT NULL,
  kind text NOT NULL,
  from_state text,
  to_state text,
  facts jsonb NOT NULL,
  at timestamptz NOT NULL,
  tenant_pseudonym text NOT NULL,
  tenant_sequence bigint NOT NULL,
  previous_leaf text NOT NULL,
  leaf_hash text NOT NULL UNIQUE,
  log_index bigint UNIQUE,
  UNIQUE (tenant_id, tenant_sequence)
);
CREATE INDEX move_by_subject ON darkroom.move (subject_id, id);

CREATE FUNCTION darkroom.refuse_change() RETURNS trigger LANGUAGE plpgsql AS
  $$ BEGIN RAISE EXCEPTION 'move is append-only'; END $$;
CREATE TRIGGER move_is_append_only BEFORE DELETE OR UPDATE OF
  tenant_id, subject, subject_id, kind, from_state, to_state, facts, at, tenant_pseudonym, tenant_sequence, previous_leaf, leaf_hash
  ON darkroom.move FOR EACH ROW EXECUTE FUNCTION darkroom.refuse_change();

CREATE TABLE darkroom.task (
  id text PRIMARY KEY,
  tenant_id text NOT NULL REFERENCES darkroom.tenant (id),
  subject text NOT NULL CHECK (subject IN ('request', 'image')),
  subject_id text NOT NULL,
  stage text NOT NULL,
  runnable_at timestamptz NOT NULL DEFAULT darkroom.now(),
  attempt integer NOT NULL DEFAULT 0,
  crashes integer NOT NULL DEFAULT 0,
  fence bigint NOT NULL DEFAULT 0,
  lease_until timestamptz,
  ring integer NOT NULL DEFAULT 0,
  rung_at timestamptz,
  cost double precision NOT NULL DEFAULT 0,
  dispatched_at timestamptz,
  dispatch_epoch bigint,
  created_at timestamptz NOT NULL DEFAULT darkroom.now(),
  UNIQUE (subject_id, stage)
);
CREATE INDEX task_due ON darkroom.task (runnable_at);
CREATE INDEX task_backlog ON darkroom.task (tenant_id, id) WHERE stage = 'generate' AND dispatched_at IS NULL;

CREATE TABLE darkroom.dispatcher (
  pool text PRIMARY KEY,
  holder text,
  epoch bigint NOT NULL DEFAULT 0,
  lease_until timestamptz,
  virtual_time double precision NOT NULL DEFAULT 0
);
CREATE TABLE darkroom.fair_share (
  pool text NOT NULL REFERENCES darkroom.dispatcher (pool),
  tenant_id text NOT NULL REFERENCES darkroom.tenant (id),
  finish_tag double precision NOT NULL,
  PRIMARY KEY (pool, tenant_id)
);
