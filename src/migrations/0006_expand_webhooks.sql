-- Webhooks: where tenants want to hear of moves, what is told, and each telling to each endpoint. A message is written in the
-- transaction of its move. Secrets are sealed (AES-256-GCM) under a key that is not in this database.

CREATE TABLE darkroom.webhook_endpoint (
  id text PRIMARY KEY,
  tenant_id text NOT NULL REFERENCES darkroom.tenant (id),
  url text NOT NULL,
  description text NOT NULL DEFAULT '',
  events text[] NOT NULL CHECK (cardinality(events) > 0),
  state text NOT NULL DEFAULT 'enabled' CHECK (state IN ('enabled', 'disabled')),
  -- Why it is disabled: somebody asked, it answered 410, or it only failed for days.
  disabled_reason text CHECK (disabled_reason IN ('asked', 'gone', 'failing')),
  secret bytea NOT NULL,
  previous_secret bytea,
  previous_until timestamptz,
  failing_since timestamptz,
  disabled_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT darkroom.now(),
  CHECK ((state = 'disabled') = (disabled_at IS NOT NULL)),
  CHECK ((state = 'disabled') = (disabled_reason IS NOT NULL)),
  CHECK ((previous_secret IS NULL) = (previous_until IS NULL))
);
CREATE INDEX webhook_endpoint_by_tenant ON darkroom.webhook_endpoint (tenant_id, id);

CREATE TABLE darkroom.webhook_message (
  id text PRIMARY KEY,
  tenant_id text NOT NULL REFERENCES darkroom.tenant (id),
  kind text NOT NULL,
  subject text NOT NULL,
  subject_id text NOT NULL,
  -- The move's number in its tenant's chain; null for a test.
  move_sequence bigint,
  body text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT darkroom.now(),
  UNIQUE (tenant_id, move_sequence)
);
CREATE INDEX webhook_message_by_age ON darkroom.webhook_message (created_at);

CREATE TABLE darkroom.webhook_delivery (
  id text PRIMARY KEY,
  message_id text NOT NULL REFERENCES darkroom.webhook_message (id) ON DELETE CASCADE,
  endpoint_id text NOT NULL REFERENCES darkroom.webhook_endpoint (id) ON DELETE CASCADE,
  state text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'delivered', 'failed', 'given_up')),
  attempt integer NOT NULL DEFAULT 0,
  runnable_at timestamptz NOT NULL DEFAULT darkroom.now(),
  -- When this round of attempts began: at birth, or at the last replay.
  due_since timestamptz NOT NULL DEFAULT darkroom.now(),
  lease_until timestamptz,
  fence bigint NOT NULL DEFAULT 0,
  last_status integer,
  last_error_code text,
  response_ms integer,
  delivered_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT darkroom.now(),
  UNIQUE (message_id, endpoint_id),
  CHECK (state <> 'delivered' OR delivered_at IS NOT NULL)
);
CREATE INDEX webhook_delivery_due ON darkroom.webhook_delivery (endpoint_id, runnable_at) WHERE state = 'pending';
CREATE INDEX webhook_delivery_by_endpoint ON darkroom.webhook_delivery (endpoint_id, id DESC);
CREATE INDEX webhook_delivery_held ON darkroom.webhook_delivery (endpoint_id, lease_until) WHERE lease_until IS NOT NULL;
