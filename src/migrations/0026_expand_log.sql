-- The transparency log: what a leaf is made with, the rows that wait for their index, the tree as it was signed last and every
-- checkpoint. A row whose index is `tree_size` or more is staged: it is in no signed tree yet.

-- Null in rows of earlier releases: their leaves had their facts in clear.
ALTER TABLE darkroom.move ADD COLUMN leaf_salt bytea CHECK (octet_length(leaf_salt) = 32);

DROP TRIGGER move_is_append_only ON darkroom.move;
CREATE TRIGGER move_is_append_only BEFORE DELETE OR UPDATE OF
  tenant_id, subject, subject_id, kind, from_state, to_state, facts, at, tenant_pseudonym, tenant_sequence, previous_leaf, leaf_hash,
  leaf_salt
  ON darkroom.move FOR EACH ROW EXECUTE FUNCTION darkroom.refuse_change();
CREATE TRIGGER move_keeps_its_index BEFORE UPDATE OF log_index ON darkroom.move
  FOR EACH ROW WHEN (OLD.log_index IS NOT NULL AND NEW.log_index IS DISTINCT FROM OLD.log_index)
  EXECUTE FUNCTION darkroom.refuse_change();

CREATE INDEX move_without_index ON darkroom.move (id) WHERE log_index IS NULL;

CREATE TABLE darkroom.log (
  one boolean PRIMARY KEY DEFAULT true CHECK (one),
  -- Null until the first round; then it is the log's name for good.
  origin text,
  tree_size bigint NOT NULL DEFAULT 0 CHECK (tree_size >= 0),
  -- Of no leaves it is SHA-256 of nothing.
  root text NOT NULL DEFAULT encode(sha256(''), 'hex'),
  -- How many checkpoints were signed: the number of the next one's record in the log's store.
  checkpoints bigint NOT NULL DEFAULT 0,
  holder text,
  epoch bigint NOT NULL DEFAULT 0,
  lease_until timestamptz
);
INSERT INTO darkroom.log DEFAULT VALUES;

CREATE TABLE darkroom.log_checkpoint (
  size bigint PRIMARY KEY CHECK (size > 0),
  root text NOT NULL,
  note text NOT NULL,
  at timestamptz NOT NULL DEFAULT darkroom.now(),
  timestamp_token bytea
);
