-- Moves that restrict somebody, by time: what a report holds against the statements of its period.
CREATE INDEX move_with_statement ON darkroom.move (at) WHERE facts ->> 'statement' IS NOT NULL;
