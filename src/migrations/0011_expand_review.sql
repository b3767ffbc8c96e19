-- Appeals, the review queue, its verdicts and its people. Lock order goes on: request, task, image, review_item, appeal, tenant.

-- An appeal is of one statement, once. `answer` is the reasoned decision; content that a person wrote is erasable with its salt.
ALTER TABLE darkroom.appeal
  ADD COLUMN request_id text REFERENCES darkroom.request (id),
  ADD COLUMN image_id text REFERENCES darkroom.image (id),
  ADD COLUMN clause text,
  ADD COLUMN text text,
  ADD COLUMN purpose text,
  ADD COLUMN salt bytea,
  -- Who handed it in: a key or person of the tenant, or whoever bears the statement's secret (both null).
  ADD COLUMN key_id text,
  ADD COLUMN person_id text,
  ADD COLUMN answer jsonb,
  ADD COLUMN decided_at timestamptz,
  -- The request that an overturned refusal admitted.
  ADD COLUMN result_request_id text REFERENCES darkroom.request (id);
CREATE INDEX appeal_by_tenant ON darkroom.appeal (tenant_id, id DESC);
CREATE INDEX appeal_by_request ON darkroom.appeal (request_id);

-- Whose decision a statement states: people of the service, none where software decided alone.
ALTER TABLE darkroom.statement
  ADD COLUMN decided_by text[] NOT NULL DEFAULT '{}',
  -- The statement that took this one's place, when an appeal found another clause.
  ADD COLUMN replaced_by text;
CREATE INDEX statement_by_subject ON darkroom.statement (subject_id);
CREATE INDEX statement_by_time ON darkroom.statement (created_at, id);

-- A request that an appeal admitted: the clauses that are lifted for it alone. It is never charged.
ALTER TABLE darkroom.request
  ADD COLUMN appeal_id text REFERENCES darkroom.appeal (id),
  ADD COLUMN skip_clauses text[] NOT NULL DEFAULT '{}';
ALTER TABLE darkroom.charge DROP CONSTRAINT charge_reason_check;
ALTER TABLE darkroom.charge ADD CONSTRAINT charge_reason_check
  CHECK (reason IN ('published', 'withheld', 'refused', 'failed', 'cancelled', 'expired', 'appeal'));

-- The tenant lets a random share of its released pictures be looked at by people.
ALTER TABLE darkroom.tenant ADD COLUMN audit_consent boolean NOT NULL DEFAULT false;

CREATE TABLE darkroom.review_item (
  id text PRIMARY KEY,
  tenant_id text NOT NULL REFERENCES darkroom.tenant (id),
  kind text NOT NULL CHECK (kind IN ('hold', 'appeal', 'audit', 'report', 'gold', 'escalation')),
  state text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'awaiting_reviewer', 'decided', 'closed')),
  request_id text NOT NULL REFERENCES darkroom.request (id),
  image_id text REFERENCES darkroom.image (id),
  appeal_id text UNIQUE REFERENCES darkroom.appeal (id),
  report_id text UNIQUE,
  -- Whether only people with the restricted permission may see it.
  restricted boolean NOT NULL DEFAULT false,
  category text,
  clause text,
  severity integer NOT NULL CHECK (severity BETWEEN 0 AND 100),
  language text,
  -- What makes items identical for a bulk decision: the digest of the picture.
  content_digest text,
  -- When it came, less the head start that harm gives it: the queue's order.
  rank_at timestamptz NOT NULL,
  deadline_at timestamptz NOT NULL,
  breached_at timestamptz,
  -- How many verdicts are needed, and how many count so far.
  needs smallint NOT NULL CHECK (needs BETWEEN 1 AND 9),
  verdicts smallint NOT NULL DEFAULT 0,
  -- Drawn at random for a second, independent look; and with what probability an item of a random sample was drawn.
  overlap boolean NOT NULL DEFAULT false,
  probability double precision CHECK (probability > 0 AND probability <= 1),
  lead_only boolean NOT NULL DEFAULT false,
  reserved_for text REFERENCES darkroom.person (id),
  reserved_until timestamptz,
  -- What the reviewer before left to the next.
  handover_note text,
  fence bigint NOT NULL DEFAULT 0,
  lease_person text REFERENCES darkroom.person (id),
  lease_hash text,
  leased_at timestamptz,
  lease_until timestamptz,
  -- When the verdict that waits takes effect.
  effect_at timestamptz,
  effect_tries integer NOT NULL DEFAULT 0,
  -- What a gold item's verdict should be.
  expected jsonb,
  ruling jsonb,
  created_at timestamptz NOT NULL DEFAULT darkroom.now(),
  closed_at timestamptz,
  CHECK ((state = 'closed') = (closed_at IS NOT NULL)),
  CHECK ((state = 'decided') = (effect_at IS NOT NULL)),
  CHECK ((kind = 'appeal') = (appeal_id IS NOT NULL)),
  CHECK ((kind = 'gold') = (expected IS NOT NULL))
);
CREATE INDEX review_queue ON darkroom.review_item (rank_at, id) WHERE state = 'open';
CREATE INDEX review_awaiting ON darkroom.review_item (rank_at, id) WHERE state = 'awaiting_reviewer';
CREATE INDEX review_effect ON darkroom.review_item (effect_at) WHERE state = 'decided';
CREATE INDEX review_deadline ON darkroom.review_item (deadline_at) WHERE state <> 'closed' AND breached_at IS NULL;
CREATE INDEX review_lease ON darkroom.review_item (lease_person) WHERE lease_person IS NOT NULL;
CREATE INDEX review_by_image ON darkroom.review_item (image_id);
CREATE INDEX review_by_request ON darkroom.review_item (request_id);
CREATE INDEX review_by_content ON darkroom.review_item (content_digest) WHERE state = 'open' AND kind = 'hold';
CREATE INDEX review_unclosed ON darkroom.review_item (rank_at, id) WHERE state <> 'closed';
CREATE INDEX review_similar ON darkroom.review_item (tenant_id, clause, closed_at DESC) WHERE state = 'closed';
CREATE INDEX review_closed ON darkroom.review_item (closed_at) WHERE state = 'closed';

CREATE TABLE darkroom.review_verdict (
  id text PRIMARY KEY,
  item_id text NOT NULL REFERENCES darkroom.review_item (id),
  person_id text NOT NULL REFERENCES darkroom.person (id),
  outcome text NOT NULL CHECK (outcome IN ('allow', 'deny', 'omit')),
  clause text,
  -- The chosen phrases by the places of the clause's template.
  findings jsonb NOT NULL DEFAULT '{}',
  -- The key of the reason, where the outcome needs one.
  reason text,
  note text,
  -- Given before the reviewer was shown what was decided before.
  blind boolean NOT NULL,
  took_ms bigint NOT NULL,
  at timestamptz NOT NULL DEFAULT darkroom.now(),
  undone_at timestamptz,
  counted_at timestamptz,
  CHECK ((outcome = 'deny') = (clause IS NOT NULL))
);
CREATE UNIQUE INDEX review_one_verdict ON darkroom.review_verdict (item_id, person_id) WHERE undone_at IS NULL;
CREATE INDEX review_verdict_by_person ON darkroom.review_verdict (person_id, at);

-- What a reviewer is shown and kept from. No row: every category and language, nothing restricted.
CREATE TABLE darkroom.reviewer (
  person_id text PRIMARY KEY REFERENCES darkroom.person (id),
  lead_id text REFERENCES darkroom.person (id),
  categories text[],
  languages text[],
  max_severity integer NOT NULL DEFAULT 100 CHECK (max_severity BETWEEN 0 AND 100),
  restricted boolean NOT NULL DEFAULT false,
  -- Tenants that the person has to do with.
  conflicts text[] NOT NULL DEFAULT '{}',
  -- Where set, the only tenants whose items the person gets.
  tenants text[],
  away_until timestamptz
);

-- Everybody who may review, with what they may see.
CREATE VIEW darkroom.active_reviewer AS
SELECT person.id AS person_id, person.tenant_id, 'lead' = ANY (person.roles) AS lead, reviewer.categories, reviewer.languages,
       reviewer.tenants, coalesce(reviewer.max_severity, 100) AS max_severity, coalesce(reviewer.restricted, false) AS restricted,
       coalesce(reviewer.conflicts, '{}') AS conflicts, reviewer.away_until
  FROM darkroom.person LEFT JOIN darkroom.reviewer ON reviewer.person_id = person.id
 WHERE person.deactivated_at IS NULL AND person.roles && ARRAY['reviewer', 'lead'];

CREATE TABLE darkroom.review_exclusion (
  item_id text NOT NULL REFERENCES darkroom.review_item (id),
  person_id text NOT NULL REFERENCES darkroom.person (id),
  reason text NOT NULL CHECK (reason IN ('first_decider', 'sibling', 'conflict', 'escalated', 'author')),
  PRIMARY KEY (item_id, person_id)
);

-- What a reviewer was shown beyond the blurred picture.
CREATE TABLE darkroom.review_reveal (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  item_id text NOT NULL REFERENCES darkroom.review_item (id),
  person_id text NOT NULL REFERENCES darkroom.person (id),
  what text NOT NULL CHECK (what IN ('picture', 'prompt', 'input')),
  at timestamptz NOT NULL DEFAULT darkroom.now()
);
CREATE INDEX review_reveal_by_person ON darkroom.review_reveal (person_id, at);
CREATE INDEX review_reveal_by_item ON darkroom.review_reveal (item_id, person_id);

-- What the public says of a published picture.
CREATE TABLE darkroom.report (
  id text PRIMARY KEY,
  tenant_id text NOT NULL REFERENCES darkroom.tenant (id),
  image_id text NOT NULL REFERENCES darkroom.image (id),
  category text NOT NULL,
  text text,
  -- To be told of the outcome; erased when that was done.
  email text,
  state text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'kept', 'removed', 'omitted')),
  created_at timestamptz NOT NULL DEFAULT darkroom.now(),
  decided_at timestamptz
);
CREATE INDEX report_by_image ON darkroom.report (image_id);
ALTER TABLE darkroom.review_item ADD CONSTRAINT review_item_report FOREIGN KEY (report_id) REFERENCES darkroom.report (id);

-- Content that is not erased while somebody says why it must be kept.
CREATE TABLE darkroom.legal_hold (
  id text PRIMARY KEY,
  request_id text NOT NULL REFERENCES darkroom.request (id),
  reason text NOT NULL,
  placed_by text NOT NULL REFERENCES darkroom.person (id),
  placed_at timestamptz NOT NULL DEFAULT darkroom.now(),
  lifted_by text REFERENCES darkroom.person (id),
  lifted_at timestamptz
);
CREATE INDEX legal_hold_by_request ON darkroom.legal_hold (request_id) WHERE lifted_at IS NULL;
