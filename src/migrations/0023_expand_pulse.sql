-- The pulse of the review queue moves also with what people are spared, and with who may review at all: both change who may have what.
CREATE CONSTRAINT TRIGGER review_skip_pulse AFTER INSERT OR DELETE ON darkroom.review_skip
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION darkroom.count_review_pulse();
CREATE CONSTRAINT TRIGGER person_pulse AFTER UPDATE OF roles, deactivated_at ON darkroom.person
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION darkroom.count_review_pulse();
