/*
Clusters, with the words for their codes.
*/
SELECT k.cluster_code, k.label_zh, k.label_en, k.organisation_form,
       COALESCE(f.label_zh, k.organisation_form) AS organisation_form_zh,
       COALESCE(f.label_en, k.organisation_form) AS organisation_form_en,
       k.host_unit_code, u.label_zh AS host_unit_zh, u.label_en AS host_unit_en, k.strategic_industry,
       COALESCE(s.label_zh, k.strategic_industry) AS strategic_industry_zh,
       COALESCE(s.label_en, k.strategic_industry) AS strategic_industry_en,
       k.valid_from, k.valid_to
FROM core.cluster AS k
LEFT JOIN core.unit AS u ON u.unit_code = k.host_unit_code
LEFT JOIN core.code AS f ON f.code_list = 'organisation_forms' AND f.code = k.organisation_form
LEFT JOIN core.code AS s ON s.code_list = 'strategic_industries' AND s.code = k.strategic_industry
