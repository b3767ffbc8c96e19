-- Limits: a tenant's plan and what it overrides, rate buckets, what was used each day, one charge a request, the devices that are
-- alive and what each was handed. Lock order goes on: request, task, image, tenant, then rows of this file.

-- `quota`: limits by name that replace the plan's; null says unlimited.
ALTER TABLE darkroom.tenant
  ADD COLUMN plan text NOT NULL DEFAULT 'default',
  ADD COLUMN quota jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(quota) = 'object');

-- Measured time of devices over all attempts that counted, in milliseconds.
ALTER TABLE darkroom.request ADD COLUMN gpu_ms double precision NOT NULL DEFAULT 0;
CREATE INDEX request_open ON darkroom.request (tenant_id) INCLUDE (n, cost) WHERE state IN ('queued', 'generating');

-- Of the released file; null when nothing of it is stored any more.
ALTER TABLE darkroom.image ADD COLUMN size_bytes bigint;

-- GCRA: the theoretical arrival time of the next request that would be exactly on pace.
CREATE TABLE darkroom.rate (
  tenant_id text NOT NULL REFERENCES darkroom.tenant (id),
  bucket text NOT NULL,
  tat timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, bucket)
);

-- Days of UTC. `stored_bytes` is what the day added to or took from what is stored: the sum over all days is what there is.
CREATE TABLE darkroom.usage (
  tenant_id text NOT NULL REFERENCES darkroom.tenant (id),
  day date NOT NULL,
  requests bigint NOT NULL DEFAULT 0,
  images bigint NOT NULL DEFAULT 0,
  gpu_ms bigint NOT NULL DEFAULT 0,
  upload_bytes bigint NOT NULL DEFAULT 0,
  stored_bytes bigint NOT NULL DEFAULT 0,
  refusals bigint NOT NULL DEFAULT 0,
  failures bigint NOT NULL DEFAULT 0,
  PRIMARY KEY (tenant_id, day)
);

-- One for every request that has ended, written with its last move. What was refused, failed or withheld costs nothing.
CREATE TABLE darkroom.charge (
  request_id text PRIMARY KEY REFERENCES darkroom.request (id),
  tenant_id text NOT NULL REFERENCES darkroom.tenant (id),
  images integer NOT NULL CHECK (images >= 0),
  gpu_ms bigint NOT NULL CHECK (gpu_ms >= 0),
  reason text NOT NULL CHECK (reason IN ('published', 'withheld', 'refused', 'failed', 'cancelled', 'expired')),
  at timestamptz NOT NULL DEFAULT darkroom.now(),
  CHECK (images > 0 OR gpu_ms = 0)
);

CREATE TABLE darkroom.device (
  id text PRIMARY KEY,
  pool text NOT NULL,
  holder text NOT NULL,
  slots integer NOT NULL CHECK (slots > 0),
  provider text NOT NULL,
  name text NOT NULL,
  seen_at timestamptz NOT NULL DEFAULT darkroom.now()
);

-- What the dispatcher charged a tenant's share for and has not corrected yet: the estimate, and the time measured so far.
CREATE TABLE darkroom.dispatched (
  task_id text PRIMARY KEY,
  pool text NOT NULL REFERENCES darkroom.dispatcher (pool),
  tenant_id text NOT NULL REFERENCES darkroom.tenant (id),
  cost double precision NOT NULL,
  gpu_ms double precision NOT NULL DEFAULT 0,
  finished boolean NOT NULL DEFAULT false
);

-- Milliseconds of a device for one unit of cost, averaged over what finished lately; null until something did.
ALTER TABLE darkroom.dispatcher ADD COLUMN ms_per_cost double precision CHECK (ms_per_cost > 0);
