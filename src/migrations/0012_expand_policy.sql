-- Policy as code: which version of a policy was in force and when, a tenant's own settings, and the purposes that it was granted.

-- One row each time a version goes live; one of an id is live. The document is the file's text, whose SHA-256 is the digest.
CREATE TABLE darkroom.policy_version (
  number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  id text NOT NULL,
  version text NOT NULL,
  digest text NOT NULL CHECK (digest ~ '^[0-9a-f]{64}$'),
  document text NOT NULL,
  live_from timestamptz NOT NULL DEFAULT darkroom.now(),
  live_until timestamptz CHECK (live_until >= live_from),
  program text NOT NULL
);
CREATE UNIQUE INDEX policy_version_live ON darkroom.policy_version (id) WHERE live_until IS NULL;
CREATE INDEX policy_version_in_force ON darkroom.policy_version (id, live_from);

-- `policy`: thresholds by category that count instead of the policy's; null: none. A purpose that is not granted is refused.
ALTER TABLE darkroom.tenant
  ADD COLUMN policy jsonb CHECK (jsonb_typeof(policy) = 'object'),
  ADD COLUMN purposes text[] NOT NULL DEFAULT '{}';
