/*
Releases, and which one is the newest of its month.
*/
SELECT r.release_id, r.period, r.release_no, r.stage, r.created_at AS released_at, r.previous_release_id,
       r.release_no = MAX(r.release_no) OVER (PARTITION BY r.period) AS is_newest,
       r.note, r.definitions_hash, r.manifest_sha256
FROM release.release AS r
