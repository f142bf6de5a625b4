/*
Values as each release published them, with the words for every code. A suppressed row says nothing that its figure could
be computed from, nor whether it is hidden for its own sake or for another's.
*/
WITH v AS (
  SELECT x.*, x.suppression <> '' OR x.status = 'suppressed' AS is_suppressed FROM release.value AS x
), w AS (
  SELECT v.*, CASE WHEN v.is_suppressed THEN 'suppressed' ELSE v.status END AS published_status FROM v
)
SELECT w.indicator_id,
       COALESCE(i.label_zh, w.indicator_id) AS label_zh,
       COALESCE(i.label_en, w.indicator_id) AS label_en,
       w.period, w.time_basis, w.level, w.subject_code,
       COALESCE(k.label_zh, u.label_zh, w.subject_code) AS subject_zh,
       COALESCE(k.label_en, u.label_en, w.subject_code) AS subject_en,
       w.dimension, w.dimension_code,
       COALESCE(d.label_zh, w.dimension) AS dimension_zh,
       COALESCE(d.label_en, w.dimension) AS dimension_en,
       CASE WHEN w.dimension_code = 'not_reported' THEN '未填报' ELSE COALESCE(p.label_zh, w.dimension_code) END
         AS dimension_code_zh,
       CASE WHEN w.dimension_code = 'not_reported' THEN 'not reported' ELSE COALESCE(p.label_en, w.dimension_code) END
         AS dimension_code_en,
       w.boundaries,
       CASE WHEN NOT w.is_suppressed THEN w.value END AS value,
       w.unit AS unit_code,
       COALESCE(m.label_zh, w.unit) AS unit_zh,
       COALESCE(m.label_en, w.unit) AS unit_en,
       CASE WHEN NOT w.is_suppressed THEN w.numerator END AS numerator,
       CASE WHEN NOT w.is_suppressed THEN w.denominator END AS denominator,
       w.expected_unit_count, w.reporting_unit_count,
       CASE WHEN NOT w.is_suppressed THEN w.coverage_ratio END AS coverage_ratio,
       w.published_status AS status,
       COALESCE(s.label_zh, w.published_status) AS status_zh,
       COALESCE(s.label_en, w.published_status) AS status_en,
       CASE WHEN NOT w.is_suppressed THEN w.note END AS note,
       r.release_id, r.stage, r.created_at AS released_at
FROM w
JOIN release.release AS r ON r.release_id = w.release_id
LEFT JOIN indicator_definition AS i ON i.indicator_id = w.indicator_id
LEFT JOIN dimension_definition AS d ON d.indicator_id = w.indicator_id AND d.dimension = w.dimension
LEFT JOIN core.code AS p ON p.code_list = d.code_list AND p.code = w.dimension_code
LEFT JOIN core.code AS m ON m.code_list = 'measurement_units' AND m.code = w.unit
LEFT JOIN core.code AS s ON s.code_list = 'value_statuses' AND s.code = w.published_status
LEFT JOIN core.cluster AS k ON w.level = 'cluster' AND k.cluster_code = w.subject_code
LEFT JOIN core.unit AS u ON w.level <> 'cluster' AND u.unit_code = w.subject_code
