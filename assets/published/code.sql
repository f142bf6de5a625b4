/*
Every code list.
*/
SELECT c.code_list, c.code, c.label_zh, c.label_en, c.valid_from, c.valid_to
FROM core.code AS c
