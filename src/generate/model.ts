// Moved to src/kernel/model.ts; import from there.
export type * from '../kernel/model.ts'
