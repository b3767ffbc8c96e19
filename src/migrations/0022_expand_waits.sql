-- Tries that say nothing of the task: what it needs was away. They are not counted against it.
ALTER TABLE darkroom.task ADD COLUMN waits integer NOT NULL DEFAULT 0;
