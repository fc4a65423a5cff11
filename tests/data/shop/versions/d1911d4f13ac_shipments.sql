-- shipments
--
-- Revision ID: d1911d4f13ac
-- Revises: 8714b6ad2de7
-- Create Date: 2026-01-04 03:13:08.190056+00

-- migrate:upgrade
CREATE TYPE shop.carrier AS ENUM ('post', 'parcel', 'bike');
CREATE SEQUENCE shop.shipment_number AS integer MINVALUE 100000 MAXVALUE 999999 START 100000 CACHE 10 CYCLE;
CREATE TABLE shop.shipment (
    shipment_id integer DEFAULT nextval('shop.shipment_number') PRIMARY KEY,
    order_id    bigint NOT NULL REFERENCES shop.orders,
    carrier     shop.carrier NOT NULL DEFAULT 'post'::shop.carrier,
    weight_g    integer CHECK (weight_g > 0),
    sent        daterange,
    EXCLUDE USING gist (sent WITH &&, int8range(order_id, order_id, '[]') WITH &&) WHERE (sent IS NOT NULL)
        DEFERRABLE INITIALLY DEFERRED
);
ALTER SEQUENCE shop.shipment_number OWNED BY shop.shipment.shipment_id;
CREATE INDEX shipment_bike_idx ON shop.shipment (order_id) WHERE carrier = 'bike';

-- migrate:downgrade
DROP TABLE shop.shipment;
DROP TYPE shop.carrier;
