-- The points and tags of examples/eshop-clothing.sluice, worked out over the facts. Points are decimals: exact sums.
-- Points "for 30 days" are those of clicks later than 30 days before the last instant of the file.

CREATE TABLE scores ENGINE = Memory AS
WITH (SELECT t FROM clock) AS t
SELECT id, sum(points) AS score
FROM (
  SELECT id, toDecimal64(1, 6) AS points FROM clicks
  UNION ALL SELECT id, toDecimal64('0.5', 6) FROM clicks WHERE above_average
  UNION ALL SELECT id, -toDecimal64('0.2', 6) FROM clicks WHERE category = 'sale'
  UNION ALL SELECT id, toDecimal64(3, 6) FROM clicks WHERE page >= 4
  UNION ALL SELECT id, toDecimal64(2, 6) FROM clicks WHERE price >= 60 AND at > t - toIntervalDay(30)
  UNION ALL SELECT id, toDecimal64(10, 6) FROM sessions WHERE categories = 4
  UNION ALL SELECT id, toDecimal64(5, 6) FROM sessions WHERE total >= 50 * views AND views >= 5
  UNION ALL SELECT id, -toDecimal64(5, 6) FROM sessions WHERE views = 1
)
GROUP BY id;

CREATE TABLE tags ENGINE = Memory AS
WITH (SELECT t FROM clock) AS t
SELECT id, tag, sum(points) AS points
FROM (
  SELECT id, category AS tag, toDecimal64(1, 6) AS points FROM clicks
  UNION ALL SELECT id, 'likes ' || colour, toDecimal64('0.5', 6) FROM clicks WHERE colour != 'of many colors'
  UNION ALL SELECT id, 'likes ' || colour, toDecimal64(1, 6) FROM clicks WHERE profile
  UNION ALL SELECT id, 'fresh ' || category, toDecimal64(1, 6) FROM clicks WHERE at > t - toIntervalDay(14)
  UNION ALL SELECT id, 'luxury', toDecimal64(2, 6) FROM clicks WHERE price > 70
  UNION ALL SELECT id, 'luxury', toDecimal64('0.25', 6) FROM clicks
            WHERE price >= 60 AND price <= 70 AND at > t - toIntervalDay(60)
  UNION ALL SELECT id, 'window ' || sku, toDecimal64(1, 6) FROM clicks WHERE at_top AND page = 1
)
GROUP BY id, tag;

-- A stage is never left backwards, and what these ask for never turns false again: the furthest that holds is it.
CREATE TABLE stages ENGINE = Memory AS
SELECT
  id,
  multiIf(
    views >= 15 OR depth >= 4, 'engaged',
    views >= 6 AND models >= 4, 'browse',
    views >= 2, 'look',
    'glance') AS stage
FROM sessions;

-- Highest first, and of equal ones the first by code points, which is how bytes of UTF-8 sort.
CREATE TABLE top_tags ENGINE = Memory AS
SELECT id, tag FROM tags ORDER BY points DESC, tag ASC LIMIT 1 BY id;
