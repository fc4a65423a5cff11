--
-- Partitions and their bounds
--
\i tests/sql/helpers.sql
SET client_min_messages = warning;
CREATE SCHEMA regress_partitions;
SET search_path = regress_partitions, public;
\pset format unaligned
\pset tuples_only on

SELECT pg_temp.become($$
CREATE TABLE entry (id integer NOT NULL, notes text) PARTITION BY RANGE (id);
CREATE TABLE entry_1 PARTITION OF entry FOR VALUES FROM (0) TO (10);
CREATE TABLE entry_2 PARTITION OF entry FOR VALUES FROM (10) TO (20);
CREATE TABLE older (id bigint NOT NULL, extra text);
$$);

--
-- All partitions leave before any takes its new bounds
--
SELECT pg_temp.become($$
CREATE TABLE entry (id integer NOT NULL, notes text) PARTITION BY RANGE (id);
CREATE TABLE entry_1 PARTITION OF entry FOR VALUES FROM (0) TO (15);
CREATE TABLE entry_2 PARTITION OF entry FOR VALUES FROM (15) TO (20);
CREATE TABLE older (id bigint NOT NULL, extra text);
$$);

CALL pg_temp.reset();
DROP SCHEMA regress_partitions CASCADE;
