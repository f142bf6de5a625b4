/*
title: {zh: 集群企业名册（含本年新覆盖标记）, en: Register of the clusters' enterprises}
description:
  zh: 每月有效的企业名册，标出本年新纳入组织的企业。
  en: The register in force each month, with enterprises that an organisation came to cover this year.
owner: district-office
grain: one row per enterprise, cluster and month
rows: snapshot
forms: [cluster_enterprise]
columns:
  reporting_unit_code: {type: text, description: {zh: 报送单位, en: reporting unit}}
  period: {type: text, description: {zh: 月份, en: month}}
  month_index: {type: integer, description: {zh: 月序, en: months since year 0}}
  cluster_code: {type: text, description: {zh: 集群代码, en: cluster}}
  enterprise_uscc: {type: text, description: {zh: 统一社会信用代码, en: credit code}}
  strategic_industry: {type: text, description: {zh: 战略性新兴产业, en: strategic industry}}
  organisation_route: {type: text, description: {zh: 组建方式, en: route to the organisation}}
  is_key: {type: boolean, description: {zh: 是否重点企业, en: key enterprise}}
  joined_on: {type: date, description: {zh: 纳入日期, en: joined on}}
  is_newly_covered: {type: boolean, description: {zh: 本年纳入且有组织, en: joined this year and has an organisation}}
*/
SELECT e.reporting_unit_code, e.period, e.month_index, e.cluster_code, e.enterprise_uscc, e.strategic_industry,
       e.organisation_route, e.is_key, e.joined_on,
       e.has_organisation AND EXTRACT(YEAR FROM e.joined_on) = EXTRACT(YEAR FROM p.end_date) AND e.joined_on <= p.end_date
         AS is_newly_covered
FROM core.cluster_enterprise_latest AS e
JOIN core.period AS p ON p.period = e.period
