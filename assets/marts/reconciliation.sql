/*
title: {zh: 两个来源的核对, en: Two sources compared}
description:
  zh: 区统计局的规上企业数和规上产值与各单位合计对照；任一应报单位缺报或未填，则不作对照。
  en: The Statistics Bureau's above-scale enterprises and output beside the sum of the units. Not compared while a unit that owes the form is missing or left the cell blank.
owner: district-office
grain: one row per month and measure that both sources report
rows: snapshot
forms: [district_economy, unit_summary]
columns:
  reporting_unit_code: {type: text, description: {zh: 报送单位（统计局）, en: reporting unit (the bureau)}}
  period: {type: text, description: {zh: 月份, en: month}}
  month_index: {type: integer, description: {zh: 月序, en: months since year 0}}
  measure_code: {type: text, description: {zh: 指标, en: measure}}
  bureau_value: {type: decimal, description: {zh: 统计局数, en: the bureau's figure}}
  units_total: {type: decimal, description: {zh: 各单位合计, en: sum of the units; null while it is not complete}}
  tolerance_ratio: {type: decimal, description: {zh: 允许相差比例, en: relative difference that scope and timing explain}}
  is_within_tolerance: {type: boolean, description: {zh: 是否一致, en: whether they agree; null while they cannot be compared}}
*/
WITH owing AS (
  SELECT o.period, COUNT(*) AS unit_count
  FROM core.obligation AS o WHERE o.form = 'unit_summary' GROUP BY o.period
), addend AS (
  SELECT s.period, 'above_scale_enterprise_count' AS measure_code, s.above_scale_enterprise_count AS amount,
         CASE WHEN s.above_scale_enterprise_count IS NULL AND s.raw_text ->> 'above_scale_enterprise_count' IS NULL
              THEN 0 ELSE 1 END AS is_filled
  FROM core.unit_summary_latest AS s
  UNION ALL
  SELECT s.period, 'above_scale_output_value' AS measure_code, s.above_scale_output_wan_yuan AS amount,
         CASE WHEN s.above_scale_output_wan_yuan IS NULL AND s.raw_text ->> 'above_scale_output_wan_yuan' IS NULL
              THEN 0 ELSE 1 END AS is_filled
  FROM core.unit_summary_latest AS s
), total AS (
  SELECT a.period, a.measure_code, SUM(CASE WHEN NOT a.amount IS NULL THEN a.amount ELSE 0 END) AS amount,
         SUM(a.is_filled) AS filled_count
  FROM addend AS a GROUP BY a.period, a.measure_code
), compared AS (
  SELECT e.reporting_unit_code, e.period, e.month_index, e.measure_code, e.value AS bureau_value,
         CASE WHEN t.filled_count = w.unit_count THEN t.amount END AS units_total, 0.02 AS tolerance_ratio
  FROM core.district_economy_latest AS e
  JOIN total AS t ON t.period = e.period AND t.measure_code = e.measure_code
  JOIN owing AS w ON w.period = e.period
)
SELECT c.reporting_unit_code, c.period, c.month_index, c.measure_code, c.bureau_value, c.units_total, c.tolerance_ratio,
       ABS(c.bureau_value - c.units_total) <= c.tolerance_ratio * ABS(c.bureau_value) AS is_within_tolerance
FROM compared AS c
