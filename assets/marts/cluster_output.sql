/*
title: {zh: 集群产值, en: Output of the clusters}
description:
  zh: 各集群企业自一月起累计产值；空白不作零，另记未填企业数，合计因此可能偏低。
  en: Output of a cluster's enterprises since January. A blank is no zero, it is counted apart; the sum is then a lower bound.
owner: district-office
grain: one row per cluster and month
rows: snapshot
forms: [cluster_enterprise]
columns:
  reporting_unit_code: {type: text, description: {zh: 报送单位, en: reporting unit}}
  period: {type: text, description: {zh: 月份, en: month}}
  month_index: {type: integer, description: {zh: 月序, en: months since year 0}}
  cluster_code: {type: text, description: {zh: 集群代码, en: cluster}}
  enterprise_count: {type: integer, description: {zh: 企业数, en: enterprises}, measure: stock, unit: enterprise}
  unreported_count: {type: integer, description: {zh: 产值空白的企业数, en: enterprises without output}, measure: stock, unit: enterprise}
  output_wan_yuan_ytd: {type: decimal, description: {zh: 累计产值（万元）, en: output since January in 万元}, measure: flow_ytd, unit: wan_yuan}
*/
SELECT e.reporting_unit_code, e.period, e.month_index, e.cluster_code,
       COUNT(*) AS enterprise_count,
       COUNT(*) - COUNT(e.output_wan_yuan_ytd) AS unreported_count,
       SUM(e.output_wan_yuan_ytd) AS output_wan_yuan_ytd
FROM core.cluster_enterprise_latest AS e
GROUP BY e.reporting_unit_code, e.period, e.month_index, e.cluster_code
