-- Which figures of December have no value, and why?
SELECT indicator_id, level, subject_code, subject_zh, dimension_code, status, status_zh, reporting_unit_count,
       expected_unit_count
FROM pub_v1.indicator_value
WHERE period = '2021-12' AND status IN ('withheld', 'suppressed', 'missing') AND boundaries = 'as_was'
ORDER BY indicator_id, level, subject_code, dimension_code
