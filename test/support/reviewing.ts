// What a person reviews, as `PUT /v1/review/people/{id}` takes it.

/** Everything, and always there. */
export const EVERYTHING = {
  categories: null,
  languages: null,
  tenants: null,
  max_severity: 100,
  conflicts: [],
  lead_id: null,
  away_until: null,
}
