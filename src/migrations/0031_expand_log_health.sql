-- How the log does, as its page and API tell it: what the last recheck found, and the log's growth by the hour.

-- When a released picture was looked at last, and the result as darkroom_recheck_total has it; null: none was since these are kept.
ALTER TABLE darkroom.recheck ADD COLUMN looked_at timestamptz;
ALTER TABLE darkroom.recheck ADD COLUMN result text;

CREATE INDEX log_checkpoint_by_time ON darkroom.log_checkpoint (at);
-- Findings of the recheck, few among all moves.
CREATE INDEX move_recheck_failed ON darkroom.move (at) WHERE kind = 'image.recheck_failed';
