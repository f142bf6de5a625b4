-- Which unit stands where by coverage, and how far down could the units that show no value push it?
WITH v AS (
  SELECT subject_code, subject_zh, value
  FROM pub_v1.indicator_value
  WHERE indicator_id = 'key_enterprise_organisation_coverage' AND period = '2021-12' AND time_basis = 'end'
    AND level = 'unit' AND dimension = '' AND boundaries = 'as_was'
)
SELECT v.subject_code, v.subject_zh, v.value, RANK() OVER (ORDER BY v.value DESC) AS best_rank,
       RANK() OVER (ORDER BY v.value DESC) + (SELECT COUNT(*) FROM v AS gap WHERE gap.value IS NULL) AS worst_rank
FROM v
WHERE v.value IS NOT NULL
ORDER BY best_rank, v.subject_code
