/*
title: {zh: 报送情况, en: State of the returns}
description:
  zh: 每个单位每月应报一份，是否收到、是否通过、是否曾退回、是否按期、是否齐全。按北京时间的日期与截止日比较。
  en: One return is owed per unit and month; whether it came, passed, was ever returned, was on time and is complete. Dates are Beijing's.
owner: district-office
grain: one row per unit and month owed
rows: events
forms: []
columns:
  reporting_unit_code: {type: text, description: {zh: 报送单位, en: reporting unit}}
  period: {type: text, description: {zh: 月份, en: month}}
  month_index: {type: integer, description: {zh: 月序, en: months since year 0}}
  due_date: {type: date, description: {zh: 截止日, en: due}}
  is_received: {type: boolean, description: {zh: 已收到, en: received}}
  is_accepted: {type: boolean, description: {zh: 已通过, en: a submission was accepted}}
  is_returned: {type: boolean, description: {zh: 曾退回, en: a submission was returned}}
  is_on_time: {type: boolean, description: {zh: 按期通过, en: 'the first accepted submission came by the due date'}}
  is_complete: {type: boolean, description: {zh: 应报表齐全, en: every form owed is in force}}
*/
WITH owed AS (
  SELECT o.reporting_unit_code, o.period, o.month_index, MAX(o.due_date) AS due_date, COUNT(*) AS form_count,
         COUNT(l.submission_id) AS in_force_count
  FROM core.obligation AS o
  LEFT JOIN core.latest_submission AS l
    ON l.reporting_unit_code = o.reporting_unit_code AND l.form = o.form AND l.period = o.period
  GROUP BY o.reporting_unit_code, o.period, o.month_index
), judged AS (
  SELECT v.submission_id, v.status, ROW_NUMBER() OVER (PARTITION BY v.submission_id ORDER BY v.verdict_id DESC) AS recency
  FROM ops.verdict AS v
), submitted AS (
  SELECT s.reporting_unit_code, s.period,
         MAX(CASE WHEN j.status = 'accepted' THEN 1 ELSE 0 END) AS accepted,
         MAX(CASE WHEN j.status IN ('returned', 'awaiting_explanation') THEN 1 ELSE 0 END) AS returned,
         MIN(CASE WHEN j.status = 'accepted' THEN s.received_at END) AS first_accepted_at
  FROM ops.submission AS s
  LEFT JOIN judged AS j ON j.submission_id = s.submission_id AND j.recency = 1
  WHERE s.status = 'received'
  GROUP BY s.reporting_unit_code, s.period
)
SELECT o.reporting_unit_code, o.period, o.month_index, o.due_date,
       NOT s.reporting_unit_code IS NULL AS is_received,
       COALESCE(s.accepted, 0) = 1 AS is_accepted,
       COALESCE(s.returned, 0) = 1 AS is_returned,
       COALESCE(CAST(s.first_accepted_at + INTERVAL '8 hours' AS DATE) <= o.due_date, FALSE) AS is_on_time,
       o.in_force_count = o.form_count AS is_complete
FROM owed AS o
LEFT JOIN submitted AS s ON s.reporting_unit_code = o.reporting_unit_code AND s.period = o.period
