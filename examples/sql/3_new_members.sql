-- How many new members did each cluster win over the year? A member of two clusters counts in both: do not add them up.
SELECT subject_code, subject_zh, value, note, status
FROM pub_v1.indicator_value
WHERE indicator_id = 'cluster_new_member_count' AND period = '2021-12' AND time_basis = 'year_to_date'
  AND level = 'cluster' AND dimension = '' AND boundaries = 'as_was'
ORDER BY subject_code
