-- How far do organisations cover key enterprises at the end of 2021, by unit, and on how many units does each figure rest?
SELECT level, subject_code, subject_zh, value, numerator, denominator, reporting_unit_count, expected_unit_count, status
FROM pub_v1.indicator_value
WHERE indicator_id = 'key_enterprise_organisation_coverage' AND period = '2021-12' AND time_basis = 'end'
  AND level IN ('unit', 'district') AND dimension = '' AND boundaries = 'as_was'
ORDER BY level, subject_code
