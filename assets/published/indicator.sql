/*
What each indicator means.
*/
SELECT i.*, COALESCE(m.label_zh, i.unit_code) AS unit_zh, COALESCE(m.label_en, i.unit_code) AS unit_en
FROM indicator_definition AS i
LEFT JOIN core.code AS m ON m.code_list = 'measurement_units' AND m.code = i.unit_code
