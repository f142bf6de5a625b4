/*
Which unit took the place of which.
*/
SELECT l.from_unit_code, l.to_unit_code, l.kind, l.valid_from, l.weight
FROM core.unit_link AS l
