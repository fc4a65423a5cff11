-- warehouses
--
-- Revision ID: 516e0743c7db
-- Revises: 1c4e4d142caf
-- Branch Labels: warehouses
-- Create Date: 2026-02-09 02:51:31.300922+00

-- migrate:upgrade
CREATE TABLE shop.warehouse (
    warehouse_id integer PRIMARY KEY,
    place        point NOT NULL,
    area         polygon,
    networks     inet[],
    EXCLUDE USING gist (circle(place, 0.1) WITH &&)
);
CREATE INDEX warehouse_place_idx ON shop.warehouse USING spgist (place);
CREATE INDEX warehouse_id_brin ON shop.warehouse USING brin (warehouse_id) WITH (pages_per_range = 16);
CREATE INDEX warehouse_id_hash ON shop.warehouse USING hash (warehouse_id);
INSERT INTO shop.warehouse VALUES (1, '(52.5,13.4)', NULL, '{10.0.0.0/8,::1}'), (2, point(50.9, 6.9), '((0,0),(1,1),(1,0))', NULL)
RETURNING warehouse_id, place <-> point '(0,0)' AS "distance;";

-- migrate:downgrade
DROP TABLE shop.warehouse;
