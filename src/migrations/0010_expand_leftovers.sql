-- An image that ended without a picture may have left files: its row here is written by the move that ended it and goes when they
-- are surely gone. And the indexes of what is counted whenever the meters are read.
CREATE TABLE darkroom.leftover (
  image_id text PRIMARY KEY REFERENCES darkroom.image (id),
  passes integer NOT NULL DEFAULT 0,
  due_at timestamptz NOT NULL DEFAULT darkroom.now(),
  -- Until then work that was in hand may write once more, and its worker die before it takes that away again.
  settled_at timestamptz NOT NULL
);
CREATE INDEX leftover_due ON darkroom.leftover (due_at);

CREATE INDEX image_held ON darkroom.image (id) WHERE state = 'held';

-- What is in the devices' hands, and what the sweeper rings for: neither looks through the backlog that merely waits its turn.
CREATE INDEX task_dispatched ON darkroom.task (id) WHERE stage = 'generate' AND dispatched_at IS NOT NULL;
CREATE INDEX task_rung ON darkroom.task (runnable_at) WHERE stage <> 'generate' OR dispatched_at IS NOT NULL;

-- Lists that ask for a state which few requests of a tenant have.
CREATE INDEX request_by_state ON darkroom.request (tenant_id, state, id DESC);
