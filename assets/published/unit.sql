/*
Reporting units and what they belong to.
*/
SELECT u.unit_code, u.label_zh, u.label_en, u.kind, u.parent_code, u.district_code, u.city_code, u.corridor_code,
       u.valid_from, u.valid_to
FROM core.unit AS u
