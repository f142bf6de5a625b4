/*
Why a value changed between two releases of its month. Where either release hides the value, so does its revision: a
difference would give it away.
*/
WITH x AS (
  SELECT r.*, COALESCE(b.suppression <> '' OR b.status = 'suppressed', FALSE) AS is_before_hidden,
         COALESCE(a.suppression <> '' OR a.status = 'suppressed', FALSE) AS is_after_hidden
  FROM release.revision AS r
  LEFT JOIN release.value AS b
    ON b.release_id = r.previous_release_id AND b.indicator_id = r.indicator_id AND b.period = r.period
    AND b.time_basis = r.time_basis AND b.level = r.level AND b.subject_code = r.subject_code
    AND b.dimension = r.dimension AND b.dimension_code = r.dimension_code AND b.boundaries = r.boundaries
  LEFT JOIN release.value AS a
    ON a.release_id = r.release_id AND a.indicator_id = r.indicator_id AND a.period = r.period
    AND a.time_basis = r.time_basis AND a.level = r.level AND a.subject_code = r.subject_code
    AND a.dimension = r.dimension AND a.dimension_code = r.dimension_code AND a.boundaries = r.boundaries
), y AS (
  SELECT x.*, x.is_before_hidden OR x.is_after_hidden AS is_hidden FROM x
)
SELECT y.release_id, y.previous_release_id, y.indicator_id,
       COALESCE(i.label_zh, y.indicator_id) AS label_zh,
       COALESCE(i.label_en, y.indicator_id) AS label_en,
       y.period, y.time_basis, y.level, y.subject_code,
       COALESCE(k.label_zh, u.label_zh, y.subject_code) AS subject_zh,
       COALESCE(k.label_en, u.label_en, y.subject_code) AS subject_en,
       y.dimension, y.dimension_code, y.boundaries,
       CASE WHEN NOT y.is_before_hidden THEN y.value_before END AS value_before,
       CASE WHEN NOT y.is_after_hidden THEN y.value_after END AS value_after,
       CASE WHEN NOT y.is_hidden THEN y.late_returns END AS late_returns,
       CASE WHEN NOT y.is_hidden THEN y.corrections END AS corrections,
       CASE WHEN NOT y.is_hidden THEN y.overlays END AS overlays,
       CASE WHEN NOT y.is_hidden THEN y.definitions END AS definitions,
       CASE WHEN NOT y.is_hidden THEN y.boundaries_change END AS boundaries_change,
       CASE WHEN y.is_hidden THEN 'suppressed' ELSE y.note END AS note
FROM y
LEFT JOIN indicator_definition AS i ON i.indicator_id = y.indicator_id
LEFT JOIN core.cluster AS k ON y.level = 'cluster' AND k.cluster_code = y.subject_code
LEFT JOIN core.unit AS u ON y.level <> 'cluster' AND u.unit_code = y.subject_code
