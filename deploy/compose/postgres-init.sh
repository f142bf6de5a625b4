#!/bin/sh
# Runs once, on an empty PostgreSQL: a role that is no superuser, one database for the warehouse and one for Dagster.
set -eu
psql --set ON_ERROR_STOP=1 --set password="$(cat "$ROLE_PASSWORD_FILE")" --username postgres <<'SQL'
CREATE ROLE g60 LOGIN CREATEROLE PASSWORD :'password';
CREATE DATABASE g60 OWNER g60 ENCODING 'UTF8' TEMPLATE template0;
CREATE DATABASE dagster OWNER g60 ENCODING 'UTF8' TEMPLATE template0;
SQL
