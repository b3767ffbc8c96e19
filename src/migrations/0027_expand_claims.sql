-- A token holds one item: the same question asked twice at once claims nothing twice.
CREATE UNIQUE INDEX review_item_lease_hash ON darkroom.review_item (lease_person, lease_hash) WHERE lease_hash IS NOT NULL;
