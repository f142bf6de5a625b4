/*
title: {zh: 服务事项用时, en: Duration of service cases}
description:
  zh: 每件服务事项的用时（小时）与承诺时限的对照；承诺时限取自代码表。
  en: Hours that a case took against the hours promised for its kind in the code list.
owner: district-office
grain: one row per case
rows: events
forms: [service_case]
columns:
  reporting_unit_code: {type: text, description: {zh: 报送单位, en: reporting unit}}
  period: {type: text, description: {zh: 月份, en: month}}
  month_index: {type: integer, description: {zh: 月序, en: months since year 0}}
  cluster_code: {type: text, description: {zh: 集群代码, en: cluster}}
  case_no: {type: text, description: {zh: 事项编号, en: number of the case}}
  enterprise_uscc: {type: text, description: {zh: 统一社会信用代码, en: credit code}}
  service_kind: {type: text, description: {zh: 事项类别, en: kind of service}}
  duration_hours: {type: decimal, description: {zh: 用时（小时）, en: hours from acceptance to completion}, unit: hour}
  promised_hours: {type: decimal, description: {zh: 承诺时限（小时）, en: hours promised}, unit: hour}
  is_within_promise: {type: boolean, description: {zh: 是否在承诺时限内, en: done within the hours promised}}
*/
WITH timed AS (
  SELECT c.reporting_unit_code, c.period, c.month_index, c.cluster_code, c.case_no, c.enterprise_uscc, c.service_kind,
         CAST(EXTRACT(EPOCH FROM (c.completed_at - c.accepted_at)) AS DOUBLE PRECISION) / 3600 AS duration_hours,
         CAST(k.attributes ->> 'promised_hours' AS NUMERIC(24, 6)) AS promised_hours
  FROM core.service_case_latest AS c
  LEFT JOIN core.code AS k ON k.code_list = 'service_kinds' AND k.code = c.service_kind
)
SELECT t.reporting_unit_code, t.period, t.month_index, t.cluster_code, t.case_no, t.enterprise_uscc, t.service_kind,
       t.duration_hours, t.promised_hours, t.duration_hours <= t.promised_hours AS is_within_promise
FROM timed AS t
