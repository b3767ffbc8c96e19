-- The trace that wrote a task, which whoever claims it goes on with.
ALTER TABLE darkroom.task ADD COLUMN traceparent text;
