/*
Whether each unit's return of a released month came, passed and was on time, as known when the month's newest release was
made. Days are Beijing's.
*/
WITH newest AS (
  SELECT r.release_id, r.period, r.cut_submission_id, r.cut_verdict_id,
         ROW_NUMBER() OVER (PARTITION BY r.period ORDER BY r.release_no DESC) AS recency
  FROM release.release AS r
), judged AS (
  SELECT n.release_id, v.submission_id, v.status,
         ROW_NUMBER() OVER (PARTITION BY n.release_id, v.submission_id ORDER BY v.verdict_id DESC) AS recency
  FROM newest AS n
  JOIN ops.submission AS s ON s.period = n.period AND s.submission_id <= n.cut_submission_id
  JOIN ops.verdict AS v ON v.submission_id = s.submission_id AND v.verdict_id <= n.cut_verdict_id
  WHERE n.recency = 1
), sent AS (
  SELECT n.release_id, s.reporting_unit_code,
         MIN(CASE WHEN j.status = 'accepted' THEN s.received_at END) AS first_accepted_at
  FROM newest AS n
  JOIN ops.submission AS s ON s.period = n.period AND s.submission_id <= n.cut_submission_id
  LEFT JOIN judged AS j ON j.release_id = n.release_id AND j.submission_id = s.submission_id AND j.recency = 1
  WHERE n.recency = 1 AND s.status = 'received'
  GROUP BY n.release_id, s.reporting_unit_code
), accepted AS (
  SELECT DISTINCT j.release_id, s.reporting_unit_code, f.form
  FROM judged AS j
  JOIN ops.submission AS s ON s.submission_id = j.submission_id
  JOIN ops.submission_form AS f ON f.submission_id = j.submission_id
  WHERE j.recency = 1 AND j.status = 'accepted'
), owed AS (
  SELECT n.release_id, o.period, o.reporting_unit_code, MAX(o.due_date) AS due_date, COUNT(*) AS expected_form_count,
         COUNT(a.form) AS accepted_form_count
  FROM newest AS n
  JOIN core.obligation AS o ON o.period = n.period
  LEFT JOIN accepted AS a
    ON a.release_id = n.release_id AND a.reporting_unit_code = o.reporting_unit_code AND a.form = o.form
  WHERE n.recency = 1
  GROUP BY n.release_id, o.period, o.reporting_unit_code
)
SELECT o.period, o.reporting_unit_code,
       COALESCE(u.label_zh, o.reporting_unit_code) AS unit_zh,
       COALESCE(u.label_en, o.reporting_unit_code) AS unit_en,
       o.release_id, o.due_date, o.expected_form_count, o.accepted_form_count,
       NOT s.reporting_unit_code IS NULL AS is_received,
       NOT s.first_accepted_at IS NULL AS is_accepted,
       COALESCE(CAST(s.first_accepted_at + INTERVAL '8 hours' AS DATE) <= o.due_date, FALSE) AS is_on_time,
       o.accepted_form_count = o.expected_form_count AS is_complete
FROM owed AS o
LEFT JOIN sent AS s ON s.release_id = o.release_id AND s.reporting_unit_code = o.reporting_unit_code
LEFT JOIN core.unit AS u ON u.unit_code = o.reporting_unit_code
