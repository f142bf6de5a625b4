/*
Values of the newest release of each month.
*/
SELECT v.*
FROM pub_v1.indicator_value_in_release AS v
JOIN pub_v1.release AS r ON r.release_id = v.release_id
WHERE r.is_newest
