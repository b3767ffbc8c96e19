-- Routing: the ordered rules that leads set, every version of them, and what they made of an item when it came.

-- The newest version is in force; before the first there are no rules.
CREATE TABLE darkroom.review_routing (
  version integer PRIMARY KEY CHECK (version > 0),
  rules jsonb NOT NULL CHECK (jsonb_typeof(rules) = 'array'),
  -- SHA-256 of the rules' canonical JSON, as the operator's log names it.
  digest text NOT NULL CHECK (digest ~ '^[0-9a-f]{64}$'),
  changed_at timestamptz NOT NULL DEFAULT darkroom.now(),
  changed_by text NOT NULL REFERENCES darkroom.person (id)
);

ALTER TABLE darkroom.review_item
  -- The only people who may have it; null: whoever could.
  ADD COLUMN people text[] CHECK (cardinality(people) > 0),
  -- Which rule of which version decided, counted from 0; null: none matched.
  ADD COLUMN routing_version integer REFERENCES darkroom.review_routing (version),
  ADD COLUMN routing_rule smallint CHECK (routing_rule >= 0),
  ADD CONSTRAINT review_item_routed CHECK ((routing_version IS NULL) = (routing_rule IS NULL));

-- For trying rules on what came lately.
CREATE INDEX review_by_arrival ON darkroom.review_item (created_at, id);
