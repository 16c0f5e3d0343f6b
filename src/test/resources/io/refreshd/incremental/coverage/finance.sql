-- Money in elections: text keys, two-year cycles, a number for each row as the key of many a view, and views on views.
CREATE SCHEMA finance;
SET search_path = finance;

CREATE TABLE candidates (cand_id varchar(9), fec_yr int, name varchar, office char(1), party varchar(3), PRIMARY KEY (cand_id, fec_yr));
CREATE TABLE committees (cmte_id varchar(9), fec_yr int, name varchar, designation char(1), PRIMARY KEY (cmte_id, fec_yr));
CREATE TABLE links (link_id int PRIMARY KEY, cand_id varchar(9) NOT NULL, cmte_id varchar(9) NOT NULL, election_yr int NOT NULL);
CREATE TABLE filings (
    sub_id bigint PRIMARY KEY,
    cmte_id varchar(9) NOT NULL,
    rpt_yr int NOT NULL,
    form_type varchar(8),
    receipts numeric(14, 2),
    disbursements numeric(14, 2),
    receipt_date date
);
CREATE TABLE receipts (
    sub_id bigint PRIMARY KEY,
    cmte_id varchar(9) NOT NULL,
    contributor_name varchar,
    contributor_state varchar(2),
    rpt_yr int NOT NULL,
    amount numeric(14, 2)
);
CREATE TABLE expenditures (sub_id bigint PRIMARY KEY, cmte_id varchar(9) NOT NULL, cand_id varchar(9), rpt_yr int NOT NULL, amount numeric(14, 2), memo_cd char(1));

CREATE MATERIALIZED VIEW candidate_details AS
SELECT cand_id, fec_yr, name, office, party
FROM (SELECT c.*, row_number() OVER (PARTITION BY cand_id ORDER BY fec_yr DESC) AS newest FROM candidates c) ranked
WHERE newest = 1;
CREATE UNIQUE INDEX ON candidate_details (cand_id);
COMMENT ON MATERIALIZED VIEW candidate_details IS 'latest row';

CREATE MATERIALIZED VIEW committee_history AS
SELECT row_number() OVER () AS idx, cmte_id, fec_yr + fec_yr % 2 AS cycle, name, designation FROM committees;
CREATE UNIQUE INDEX ON committee_history (idx);
COMMENT ON MATERIALIZED VIEW committee_history IS 'rest: window over everything';

CREATE MATERIALIZED VIEW filing_list AS
SELECT row_number() OVER () AS idx, f.sub_id, f.form_type, d.name AS candidate, f.receipts
FROM filings f
LEFT JOIN links l ON l.cmte_id = f.cmte_id AND l.election_yr = f.rpt_yr
LEFT JOIN candidate_details d ON d.cand_id = l.cand_id;
COMMENT ON MATERIALIZED VIEW filing_list IS 'rest: window over everything';

CREATE MATERIALIZED VIEW committee_totals AS
SELECT cmte_id, rpt_yr + rpt_yr % 2 AS cycle, sum(receipts) AS receipts, sum(disbursements) AS disbursements, max(receipt_date) AS last_report
FROM filings
GROUP BY cmte_id, rpt_yr + rpt_yr % 2;
COMMENT ON MATERIALIZED VIEW committee_totals IS 'group by an expression';

CREATE MATERIALIZED VIEW receipts_by_state AS
SELECT cmte_id, contributor_state, rpt_yr, sum(amount) AS total, count(amount) AS count
FROM receipts
WHERE contributor_state IS NOT NULL
GROUP BY cmte_id, contributor_state, rpt_yr;
COMMENT ON MATERIALIZED VIEW receipts_by_state IS 'group by a column';

CREATE MATERIALIZED VIEW all_transactions AS
SELECT cmte_id, sub_id, amount, 'receipt'::text AS kind FROM receipts
UNION ALL
SELECT cmte_id, sub_id, -amount, 'expenditure' FROM expenditures WHERE memo_cd IS DISTINCT FROM 'X';
COMMENT ON MATERIALIZED VIEW all_transactions IS 'union';

CREATE MATERIALIZED VIEW candidate_totals AS
SELECT l.cand_id, l.election_yr, sum(t.receipts) AS receipts, sum(t.disbursements) AS disbursements
FROM links l
JOIN (
    SELECT cmte_id, rpt_yr, sum(receipts) AS receipts, sum(disbursements) AS disbursements FROM filings GROUP BY cmte_id, rpt_yr
) t ON t.cmte_id = l.cmte_id AND t.rpt_yr = l.election_yr
GROUP BY l.cand_id, l.election_yr;
COMMENT ON MATERIALIZED VIEW candidate_totals IS 'nested aggregates';

CREATE MATERIALIZED VIEW receipt_search AS
SELECT r.sub_id, r.amount, c.name AS committee, to_tsvector('english', coalesce(r.contributor_name, '')) AS contributor
FROM receipts r
LEFT JOIN committees c ON c.cmte_id = r.cmte_id AND c.fec_yr = r.rpt_yr
WHERE r.amount > 0;
CREATE UNIQUE INDEX ON receipt_search (sub_id);
COMMENT ON MATERIALIZED VIEW receipt_search IS 'join';

CREATE MATERIALIZED VIEW spending_by_party AS
SELECT c.party, e.rpt_yr, sum(e.amount) AS total
FROM expenditures e
JOIN candidates c ON c.cand_id = e.cand_id AND c.fec_yr = e.rpt_yr
GROUP BY c.party, e.rpt_yr;
COMMENT ON MATERIALIZED VIEW spending_by_party IS 'group by a joined column';
