-- What the file says, before any model: lines, orders, customers. Written from the columns of the file alone.
--
-- A line that occurs twice, equal in every column, is one line. Lines without a customer belong to nobody.
-- CustomerID reads like "17850.0". Times are UTC. Prices have up to three decimals, so sums are decimals, not doubles.

CREATE TABLE lines ENGINE = Memory AS
SELECT DISTINCT
  replaceOne(CustomerID, '.0', '') AS id,
  InvoiceNo AS invoice,
  left(InvoiceNo, 1) AS letter,
  InvoiceDate AS at,
  StockCode AS sku,
  -- Of variants, the digits that they share; postage and the like have none.
  if(match(StockCode, '^[0-9]{5}'), left(StockCode, 5), NULL) AS family,
  Description AS name,
  Quantity AS quantity,
  UnitPrice AS price,
  Country AS country
FROM file({file: String}, 'CSVWithNames',
  'InvoiceNo String, StockCode String, Description String, Quantity Int64, InvoiceDate DateTime(\'UTC\'),
   UnitPrice Decimal(18, 6), CustomerID String, Country String')
WHERE CustomerID != ''
-- Some names end with a space, which belongs to them.
SETTINGS input_format_csv_trim_whitespaces = 0;

-- A credit note's number begins with C, an adjustment's with A (those have no customer), an invoice's with a digit.
CREATE TABLE purchased ENGINE = Memory AS
SELECT *, quantity * price AS total FROM lines WHERE match(letter, '[0-9]');

-- What comes back is written as a negative quantity.
CREATE TABLE returned ENGINE = Memory AS
SELECT *, quantity * price AS total FROM (SELECT * REPLACE (-quantity AS quantity) FROM lines WHERE letter = 'C');

-- Some invoices run over the turn of a minute: an order is complete with its last line.
CREATE TABLE orders ENGINE = Memory AS
SELECT
  id,
  invoice,
  max(at) AS at,
  sum(total) AS total,
  sum(quantity) AS items,
  count() AS lines,
  any(country) AS country,
  base64URLEncode(SHA256('group 0 ' || invoice)) AS message_id
FROM purchased
GROUP BY id, invoice;

-- Of two orders in the same minute the one with the larger messageId is the later one. The replay command makes it
-- from the invoice's number, as docs/replay.md says; only its beginning is sent, which orders them in the same way.
CREATE TABLE last_orders ENGINE = Memory AS SELECT * FROM orders ORDER BY at DESC, message_id DESC LIMIT 1 BY id;
CREATE TABLE first_orders ENGINE = Memory AS SELECT * FROM orders ORDER BY at ASC, message_id ASC LIMIT 1 BY id;

-- An order is at the time of one of its lines, so lines alone say when somebody was seen.
CREATE TABLE customers ENGINE = Memory AS
SELECT id, argMax(country, at) AS country, min(at) AS first_seen, max(at) AS last_seen
FROM lines
GROUP BY id;

CREATE TABLE clock ENGINE = Memory AS SELECT max(at) AS t FROM lines;

-- What the replay command has to set aside: lines that it can give to nobody.
CREATE TABLE aside ENGINE = Memory AS
SELECT count() AS lines FROM file({file: String}, 'CSVWithNames', 'CustomerID String') WHERE CustomerID = '';
