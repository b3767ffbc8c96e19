-- Edits: what a request starts from beside its prompt. Its pixels are in quarantine; the digest is salted with the request's salt.
ALTER TABLE darkroom.request
  ADD COLUMN operation text NOT NULL DEFAULT 'generate' CHECK (operation IN ('generate', 'edit', 'inpaint')),
  ADD COLUMN strength double precision CHECK (strength > 0 AND strength <= 1);

CREATE TABLE darkroom.input (
  request_id text NOT NULL REFERENCES darkroom.request (id),
  kind text NOT NULL CHECK (kind IN ('image', 'mask')),
  position smallint NOT NULL CHECK (position >= 0),
  object_key text NOT NULL,
  -- The file as it was handed in, kept only while it carries a manifest that the result must refer to.
  original_key text,
  digest text NOT NULL,
  width integer NOT NULL CHECK (width > 0),
  height integer NOT NULL CHECK (height > 0),
  provenance jsonb,
  created_at timestamptz NOT NULL DEFAULT darkroom.now(),
  PRIMARY KEY (request_id, kind, position)
);

-- Written before the objects, gone in the transaction that admits them: what a crash in between leaves can be found and removed.
CREATE TABLE darkroom.input_intent (
  request_id text PRIMARY KEY,
  keys text[] NOT NULL,
  created_at timestamptz NOT NULL DEFAULT darkroom.now()
);
