-- Whether anything of the review queue changed, for those who follow it: read in one step, waited for by nobody. It is counted just
-- before a transaction commits, not with it: who reads a new value looks again a moment later.
CREATE SEQUENCE darkroom.review_pulse;

CREATE FUNCTION darkroom.count_review_pulse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM nextval('darkroom.review_pulse');
  RETURN NULL;
END $$;

CREATE CONSTRAINT TRIGGER review_item_pulse AFTER INSERT OR UPDATE OR DELETE ON darkroom.review_item
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION darkroom.count_review_pulse();
CREATE CONSTRAINT TRIGGER reviewer_pulse AFTER INSERT OR UPDATE OR DELETE ON darkroom.reviewer
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION darkroom.count_review_pulse();

-- How many came, hour by hour.
CREATE INDEX review_came ON darkroom.review_item (created_at);
