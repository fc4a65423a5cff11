-- taxes by country, list partitions in two levels
--
-- Revision ID: 7a35d7f5a851
-- Revises: 4718d9072c6a
-- Create Date: 2026-01-18 14:24:58.229651+00

-- migrate:upgrade
CREATE TABLE shop.tax (
    country char(2) NOT NULL,
    valid   date NOT NULL,
    rate    numeric(4, 3) NOT NULL,
    CONSTRAINT tax_rate_check CHECK (rate >= 0)
) PARTITION BY LIST (country);
CREATE TABLE shop.tax_eu PARTITION OF shop.tax (CONSTRAINT tax_eu_rate_check CHECK (rate > 0.1))
    FOR VALUES IN ('DE', 'FR', 'NL') PARTITION BY RANGE (valid);
CREATE TABLE shop.tax_eu_old PARTITION OF shop.tax_eu FOR VALUES FROM (MINVALUE) TO ('2020-07-01');
CREATE TABLE shop.tax_eu_new PARTITION OF shop.tax_eu FOR VALUES FROM ('2020-07-01') TO (MAXVALUE);
CREATE TABLE shop.tax_world PARTITION OF shop.tax DEFAULT;
CREATE UNIQUE INDEX tax_key ON shop.tax (country, valid) INCLUDE (rate);
COPY shop.tax FROM stdin WITH (DELIMITER '|', NULL '');
DE|2007-01-01|0.19
DE|2020-07-01|0.16
DE|2021-01-01|0.19
CH|2024-01-01|0.081
\.

-- migrate:downgrade
DROP TABLE shop.tax;
