-- One person's data: finding what a tenant's user ordered, the erasure of it from its asking until nothing is left, and people of the
-- service whose data was erased after they left. Lock order goes on: request, ..., appeal, user_erasure, tenant.
CREATE INDEX request_by_user ON darkroom.request (user_digest, id DESC) WHERE user_digest IS NOT NULL;

-- Everything that was ordered for the user up to `asked_at`. The row goes with its last generation.
CREATE TABLE darkroom.user_erasure (
  id text PRIMARY KEY,
  tenant_id text NOT NULL REFERENCES darkroom.tenant (id),
  user_digest text NOT NULL UNIQUE,
  -- The log's digest of the user is made with it, and opened by nothing once it is gone.
  salt bytea NOT NULL,
  key_id text,
  person_id text,
  asked_at timestamptz NOT NULL DEFAULT darkroom.now(),
  due_at timestamptz NOT NULL DEFAULT darkroom.now(),
  passes integer NOT NULL DEFAULT 0,
  generations integer NOT NULL DEFAULT 0,
  images integer NOT NULL DEFAULT 0
);
CREATE INDEX user_erasure_due ON darkroom.user_erasure (due_at);

-- What people did, found by who they are.
ALTER TABLE darkroom.person ADD COLUMN erased_at timestamptz;
CREATE INDEX request_by_person ON darkroom.request (person_id) WHERE person_id IS NOT NULL;
CREATE INDEX statement_by_ender ON darkroom.statement (preservation_ended_by) WHERE preservation_ended_by IS NOT NULL;
CREATE INDEX report_by_email ON darkroom.report (lower(email)) WHERE email IS NOT NULL;
