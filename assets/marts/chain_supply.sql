/*
title: {zh: 链上协作（含集群内标记）, en: Cooperation along the chain}
description:
  zh: 每笔协作计一次（以需方集群的报送为准，供方单位的同一笔只作核对），标出供方是否在当月同一集群的企业名册内。
  en: 'Cooperations, each once, as the receiver''s cluster reports it; the supplier''s unit reports it too, for comparison. Marked where the supplier is in the same cluster''s register of that month.'
owner: district-office
grain: one row per cooperation
rows: events
forms: [chain_cooperation, cluster_enterprise]
columns:
  reporting_unit_code: {type: text, description: {zh: 报送单位, en: reporting unit}}
  period: {type: text, description: {zh: 月份, en: month}}
  month_index: {type: integer, description: {zh: 月序, en: months since year 0}}
  cluster_code: {type: text, description: {zh: 集群代码, en: cluster}}
  cooperation_no: {type: text, description: {zh: 协作编号, en: number of the cooperation}}
  supplier_uscc: {type: text, description: {zh: 供方信用代码, en: supplier}}
  receiver_uscc: {type: text, description: {zh: 需方信用代码, en: receiver}}
  kind: {type: text, description: {zh: 协作类型, en: kind of cooperation}}
  goods: {type: text, description: {zh: 物资或服务, en: what was supplied}}
  quantity: {type: decimal, description: {zh: 数量（基本单位）, en: quantity in the base unit}, measure: flow}
  quantity_unit: {type: text, description: {zh: 数量单位, en: base unit of the quantity}}
  amount_wan_yuan: {type: decimal, description: {zh: 金额（万元）, en: amount in 万元}, measure: flow, unit: wan_yuan}
  is_inside_cluster: {type: boolean, description: {zh: 供方在本集群内, en: the supplier belongs to the cluster}}
*/
WITH register AS (
  SELECT DISTINCT e.period, e.cluster_code, e.enterprise_uscc FROM core.cluster_enterprise_latest AS e
)
SELECT c.reporting_unit_code, c.period, c.month_index, c.cluster_code, c.cooperation_no, c.supplier_uscc, c.receiver_uscc,
       c.kind, c.goods, c.quantity, c.quantity_unit, c.amount_wan_yuan, NOT s.enterprise_uscc IS NULL AS is_inside_cluster
FROM core.chain_cooperation_latest AS c
JOIN register AS r ON r.period = c.period AND r.cluster_code = c.cluster_code AND r.enterprise_uscc = c.receiver_uscc
LEFT JOIN register AS s ON s.period = c.period AND s.cluster_code = c.cluster_code AND s.enterprise_uscc = c.supplier_uscc
