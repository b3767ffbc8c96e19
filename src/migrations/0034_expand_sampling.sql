-- What an order asks of sampling beyond steps, guidance scale and scheduler (kernel/sampling.ts). Null: nothing.
ALTER TABLE darkroom.request ADD COLUMN sampling jsonb;
