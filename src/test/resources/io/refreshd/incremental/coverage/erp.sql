-- Resource planning: orders, invoices, stock, prices in several currencies.
CREATE SCHEMA erp;
SET search_path = erp;

CREATE TYPE order_state AS ENUM ('draft', 'sent', 'sale', 'done', 'cancel');
CREATE DOMAIN money_amount AS numeric(16, 2);
CREATE TABLE countries (id int PRIMARY KEY, name text NOT NULL, code char(2));
CREATE TABLE partners (id int PRIMARY KEY, name text NOT NULL, country_id int REFERENCES countries, active boolean NOT NULL);
CREATE TABLE product_categories (id int PRIMARY KEY, name text NOT NULL);
CREATE TABLE products (id int PRIMARY KEY, category_id int NOT NULL, name text NOT NULL, list_price numeric(12, 2), type text NOT NULL);
CREATE TABLE prices (id int PRIMARY KEY, product_id int NOT NULL, valid_from date NOT NULL, price money_amount NOT NULL);
CREATE TABLE currencies (id int PRIMARY KEY, code char(3) NOT NULL);
CREATE TABLE currency_rates (currency_id int NOT NULL, day date NOT NULL, rate numeric(12, 6) NOT NULL, PRIMARY KEY (currency_id, day));
CREATE TABLE orders (
    id int PRIMARY KEY,
    partner_id int NOT NULL REFERENCES partners,
    currency_id int NOT NULL,
    state order_state NOT NULL,
    ordered_on date NOT NULL
);
CREATE TABLE order_lines (id int PRIMARY KEY, order_id int NOT NULL REFERENCES orders, product_id int NOT NULL, quantity int NOT NULL, unit_price money_amount NOT NULL);
CREATE INDEX ON order_lines (order_id);
CREATE TABLE payments (id int PRIMARY KEY, order_id int, amount money_amount NOT NULL);
CREATE TABLE invoices (id int PRIMARY KEY, partner_id int NOT NULL, due_on date NOT NULL, residual money_amount NOT NULL);
CREATE TABLE account_lines (id int PRIMARY KEY, account varchar(20) NOT NULL, partner_id int, debit money_amount NOT NULL, credit money_amount NOT NULL);
CREATE TABLE stock_moves (id int PRIMARY KEY, product_id int NOT NULL, source_id int NOT NULL, target_id int NOT NULL, quantity numeric NOT NULL, done boolean NOT NULL);

CREATE MATERIALIZED VIEW sale_lines AS
SELECT l.id, o.ordered_on, o.state, p.name AS partner, c.name AS country, pr.name AS product,
       l.quantity * l.unit_price AS amount,
       CASE WHEN o.state = 'cancel' THEN 0 ELSE l.quantity END AS sold,
       l.quantity * l.unit_price / coalesce(r.rate, 1) AS amount_in_euro
FROM order_lines l
JOIN orders o ON o.id = l.order_id
JOIN partners p ON p.id = o.partner_id
LEFT JOIN countries c ON c.id = p.country_id
JOIN products pr ON pr.id = l.product_id
LEFT JOIN currency_rates r ON r.currency_id = o.currency_id AND r.day = o.ordered_on;
CREATE UNIQUE INDEX ON sale_lines (id);
COMMENT ON MATERIALIZED VIEW sale_lines IS 'join';

CREATE MATERIALIZED VIEW stock_on_hand AS
SELECT product_id, location_id, sum(quantity) AS quantity
FROM (
    SELECT product_id, target_id AS location_id, quantity FROM stock_moves WHERE done
    UNION ALL
    SELECT product_id, source_id, -quantity FROM stock_moves WHERE done
) moved
GROUP BY product_id, location_id;
COMMENT ON MATERIALIZED VIEW stock_on_hand IS 'union';

CREATE MATERIALIZED VIEW overdue_invoices AS
SELECT id, partner_id, residual, CURRENT_DATE - due_on AS days FROM invoices WHERE due_on < CURRENT_DATE AND residual > 0;
COMMENT ON MATERIALIZED VIEW overdue_invoices IS 'rest: clock';

CREATE MATERIALIZED VIEW partner_balances AS
SELECT partner_id, account, sum(debit) - sum(credit) AS balance
FROM account_lines
GROUP BY partner_id, account
HAVING sum(debit) <> sum(credit);
COMMENT ON MATERIALIZED VIEW partner_balances IS 'group by a column';

CREATE MATERIALIZED VIEW sales_by_month AS
SELECT date_trunc('month', o.ordered_on::timestamp)::date AS month, pr.category_id, sum(l.quantity * l.unit_price) AS amount
FROM order_lines l
JOIN orders o ON o.id = l.order_id
JOIN products pr ON pr.id = l.product_id
WHERE o.state IN ('sale', 'done')
GROUP BY 1, pr.category_id;
COMMENT ON MATERIALIZED VIEW sales_by_month IS 'group by an expression';

CREATE MATERIALIZED VIEW current_prices AS
SELECT DISTINCT ON (pr.id) pr.id AS product_id, pr.name, coalesce(p.price, pr.list_price) AS price
FROM products pr
LEFT JOIN prices p ON p.product_id = pr.id
ORDER BY pr.id, p.valid_from DESC NULLS LAST, p.id;
COMMENT ON MATERIALIZED VIEW current_prices IS 'latest row';

CREATE MATERIALIZED VIEW order_totals AS
SELECT o.id, o.state, l.amount, coalesce(pay.paid, 0) AS paid
FROM orders o
LEFT JOIN LATERAL (SELECT sum(ol.quantity * ol.unit_price) AS amount FROM order_lines ol WHERE ol.order_id = o.id) l ON true
LEFT JOIN (SELECT order_id, sum(amount) AS paid FROM payments GROUP BY order_id) pay ON pay.order_id = o.id;
COMMENT ON MATERIALIZED VIEW order_totals IS 'nested aggregates';

CREATE MATERIALIZED VIEW product_margins AS
SELECT pr.id, pr.name, pr.list_price,
       (SELECT avg(l.unit_price) FROM order_lines l WHERE l.product_id = pr.id) AS mean_price,
       pr.list_price > (SELECT avg(other.list_price) FROM products other) AS above_average
FROM products pr;
COMMENT ON MATERIALIZED VIEW product_margins IS 'scalar sub-query';

CREATE MATERIALIZED VIEW sales_by_country AS
SELECT c.name AS country, count(DISTINCT o.id) AS orders, sum(l.quantity * l.unit_price) AS amount
FROM orders o
JOIN partners p ON p.id = o.partner_id
JOIN countries c ON c.id = p.country_id
JOIN order_lines l ON l.order_id = o.id
GROUP BY c.name;
COMMENT ON MATERIALIZED VIEW sales_by_country IS 'group by a joined column';

CREATE MATERIALIZED VIEW trial_balance AS
SELECT account, partner_id, sum(debit) AS debit, sum(credit) AS credit FROM account_lines GROUP BY ROLLUP (account, partner_id);
COMMENT ON MATERIALIZED VIEW trial_balance IS 'rest: grouping sets';

CREATE MATERIALIZED VIEW best_customers AS
SELECT o.partner_id, sum(l.quantity * l.unit_price) AS amount
FROM orders o JOIN order_lines l ON l.order_id = o.id
GROUP BY o.partner_id
ORDER BY amount DESC, o.partner_id
LIMIT 3;
COMMENT ON MATERIALIZED VIEW best_customers IS 'rest: LIMIT';

CREATE MATERIALIZED VIEW product_catalog AS
SELECT pr.id, upper(pr.name) AS name, pc.name AS category, pr.list_price
FROM products pr
JOIN product_categories pc ON pc.id = pr.category_id
WHERE pr.list_price > 0 AND NOT EXISTS (SELECT FROM prices p WHERE p.product_id = pr.id AND p.price < 0);
COMMENT ON MATERIALIZED VIEW product_catalog IS 'join';

CREATE MATERIALIZED VIEW supply_and_demand AS
SELECT coalesce(s.product_id, d.product_id) AS product_id, s.received, d.ordered
FROM (SELECT product_id, sum(quantity) AS received FROM stock_moves WHERE done GROUP BY product_id) s
FULL JOIN (SELECT product_id, sum(quantity) AS ordered FROM order_lines GROUP BY product_id) d ON d.product_id = s.product_id;
COMMENT ON MATERIALIZED VIEW supply_and_demand IS 'nested aggregates';
