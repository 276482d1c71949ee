-- What the file says, before any model: clicks and sessions. Written from the columns of the file alone.
--
-- A session lies within one day. Of a click the day is known and its number in the session; it is taken to be as many
-- seconds after that day's midnight in Warsaw. Codes are named by the data set's description. Prices are whole dollars.

CREATE TABLE clicks ENGINE = Memory AS
SELECT
  '~session-' || toString(session) AS id,
  addSeconds(makeDateTime(year, month, day, 0, 0, 0, 'Europe/Warsaw'), number) AS at,
  model AS sku,
  ['trousers', 'skirts', 'blouses', 'sale'][category_code] AS category,
  ['beige', 'black', 'blue', 'brown', 'burgundy', 'gray', 'green', 'navy blue', 'of many colors', 'olive', 'pink',
   'red', 'violet', 'white'][colour_code] AS colour,
  location_code <= 3 AS at_top,
  photo_code = 2 AS profile,
  price,
  price_code = 1 AS above_average,
  page,
  ['Australia', 'Austria', 'Belgium', 'British Virgin Islands', 'Cayman Islands', 'Christmas Island', 'Croatia',
   'Cyprus', 'Czech Republic', 'Denmark', 'Estonia', 'unidentified', 'Faroe Islands', 'Finland', 'France', 'Germany',
   'Greece', 'Hungary', 'Iceland', 'India', 'Ireland', 'Italy', 'Latvia', 'Lithuania', 'Luxembourg', 'Mexico',
   'Netherlands', 'Norway', 'Poland', 'Portugal', 'Romania', 'Russia', 'San Marino', 'Slovakia', 'Slovenia', 'Spain',
   'Sweden', 'Switzerland', 'Ukraine', 'United Arab Emirates', 'United Kingdom', 'USA', '.biz', '.com', '.int', '.net',
   '.org'][country_code] AS country
FROM file({file: String}, 'CSV',
  'year UInt16, month UInt8, day UInt8, number UInt16, country_code UInt8, session UInt32, category_code UInt8,
   model String, colour_code UInt8, location_code UInt8, photo_code UInt8, price Decimal(18, 6), price_code UInt8,
   page UInt8')
SETTINGS format_csv_delimiter = ';', input_format_csv_skip_first_lines = 1;

CREATE TABLE sessions ENGINE = Memory AS
SELECT
  id,
  any(country) AS country,
  min(at) AS first_seen,
  max(at) AS last_seen,
  count() AS views,
  uniqExact(sku) AS models,
  uniqExact(category) AS categories,
  sum(price) AS total,
  min(price) AS cheapest,
  max(price) AS dearest,
  argMin(price, at) AS first_price,
  argMax(price, at) AS last_price,
  argMin(sku, at) AS first_sku,
  argMax(sku, at) AS last_sku,
  max(page) AS depth,
  countIf(category = 'sale') AS sale_views
FROM clicks
GROUP BY id;

CREATE TABLE customers ENGINE = Memory AS SELECT id, country, first_seen, last_seen FROM sessions;
CREATE TABLE clock ENGINE = Memory AS SELECT max(at) AS t FROM clicks;
CREATE TABLE aside ENGINE = Memory AS SELECT 0 AS lines;
