/*
What every table and column of this schema means.
*/
SELECT c.* FROM column_definition AS c
