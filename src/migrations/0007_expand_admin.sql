-- Administration: which tenant is the operator's, suspension, roles of people and their link to an identity provider, keys that
-- end, and sessions of people who signed in without a key. A program that is one version behind runs on: it does not see
-- sessions without a key, and until it is gone it knows no key's end and no suspension.

ALTER TABLE darkroom.tenant
  ADD COLUMN operator boolean NOT NULL DEFAULT false,
  ADD COLUMN suspended_at timestamptz,
  ADD CHECK (NOT operator OR suspended_at IS NULL);
-- Before this migration nobody but the operator had administrators.
UPDATE darkroom.tenant SET operator = true
  WHERE id = (SELECT tenant_id FROM darkroom.api_key WHERE 'admin' = ANY (roles) ORDER BY id LIMIT 1);
CREATE UNIQUE INDEX tenant_one_operator ON darkroom.tenant (operator) WHERE operator;

-- `roles` null: written by a program that does not know them; then those of the person's keys count.
ALTER TABLE darkroom.person
  ADD COLUMN roles text[],
  ADD COLUMN deactivated_at timestamptz,
  ADD COLUMN oidc_issuer text,
  ADD COLUMN oidc_subject text,
  ADD CHECK ((oidc_issuer IS NULL) = (oidc_subject IS NULL));
UPDATE darkroom.person SET roles = (
  SELECT array_agg(DISTINCT role ORDER BY role) FROM darkroom.api_key AS key, unnest(key.roles) AS role
  WHERE key.person_id = person.id AND key.revoked_at IS NULL);
CREATE INDEX person_by_tenant ON darkroom.person (tenant_id, id DESC);
-- Within a tenant: what a customer says of its people cannot take a sign-in away from another tenant's.
CREATE UNIQUE INDEX person_by_subject ON darkroom.person (tenant_id, oidc_issuer, oidc_subject);

ALTER TABLE darkroom.api_key
  ADD COLUMN env text NOT NULL DEFAULT 'live' CHECK (env IN ('live', 'test')),
  ADD COLUMN expires_at timestamptz,
  ADD COLUMN rotated_to text REFERENCES darkroom.api_key (id);
CREATE INDEX api_key_by_tenant ON darkroom.api_key (tenant_id, id DESC);
CREATE INDEX api_key_by_person ON darkroom.api_key (person_id);

ALTER TABLE darkroom.session
  ALTER COLUMN key_id DROP NOT NULL,
  ADD COLUMN person_id text REFERENCES darkroom.person (id),
  ADD COLUMN last_seen_at timestamptz NOT NULL DEFAULT darkroom.now(),
  ADD CHECK (key_id IS NOT NULL OR person_id IS NOT NULL);

-- Who ordered: a program by its key, a person by a key of theirs or, signed in without one, as themselves.
ALTER TABLE darkroom.request
  ALTER COLUMN key_id DROP NOT NULL,
  ADD COLUMN person_id text REFERENCES darkroom.person (id),
  ADD CHECK (key_id IS NOT NULL OR person_id IS NOT NULL);
