-- What changed between the last two releases of December, and why? The parts add up to the change.
SELECT r.indicator_id, r.level, r.subject_code, r.subject_zh, r.value_before, r.value_after, r.late_returns, r.corrections,
       r.overlays, r.definitions, r.boundaries_change, r.note
FROM pub_v1.revision AS r
JOIN pub_v1.release AS n ON n.release_id = r.release_id AND n.previous_release_id = r.previous_release_id
WHERE n.period = '2021-12' AND n.is_newest AND r.dimension = '' AND r.boundaries = 'as_was'
ORDER BY r.indicator_id, r.level, r.subject_code
