-- What every process of a deployment must share, by a fingerprint that cannot be turned back: SHA-256 of a random salt and the secret.
CREATE TABLE darkroom.secret (
  name text PRIMARY KEY,
  salt text NOT NULL,
  fingerprint text NOT NULL,
  since timestamptz NOT NULL
);
