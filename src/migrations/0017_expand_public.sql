-- A tenant's statements, newest first, and those whose appeal is in one state.
CREATE INDEX statement_by_tenant ON darkroom.statement (tenant_id, id DESC);
CREATE INDEX appeal_by_state ON darkroom.appeal (tenant_id, state, statement_id DESC);
