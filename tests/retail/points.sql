-- The points and tags of examples/online-retail.sluice, worked out over the facts. Points are decimals: exact sums.
-- Points "for 60 days" are those of events later than 60 days before the last instant of the file.

CREATE TABLE scores ENGINE = Memory AS
WITH (SELECT t FROM clock) AS t
SELECT id, sum(points) AS score
FROM (
  SELECT id, toDecimal64(10, 6) AS points FROM orders
  UNION ALL SELECT id, toDecimal64(5, 6) FROM orders WHERE total >= 1000
  UNION ALL SELECT id, toDecimal64('0.05', 6) FROM purchased WHERE total >= 20
  UNION ALL SELECT id, toDecimal64('0.1', 6) FROM purchased
            WHERE quantity >= 48 AND sku != 'M' AND position(lower(name), 'postage') = 0
  UNION ALL SELECT id, toDecimal64('0.1', 6) FROM returned
            WHERE quantity >= 48 AND sku != 'M' AND position(lower(name), 'postage') = 0
  UNION ALL SELECT id, -toDecimal64('2.5', 6) FROM returned
  UNION ALL SELECT id, toDecimal64(2, 6) FROM orders WHERE at > t - toIntervalDay(60)
  UNION ALL SELECT id, toDecimal64('0.25', 6) FROM purchased WHERE family = '85099' AND at > t - toIntervalDay(180)
  UNION ALL SELECT id, toDecimal64(20, 6) FROM orders
            WHERE at > t - toIntervalDay(90) GROUP BY id HAVING sum(total) >= 2000
  UNION ALL SELECT id, -toDecimal64(15, 6) FROM returned
            JOIN (SELECT id, count() AS bought FROM purchased GROUP BY id) AS p USING (id)
            GROUP BY id, bought HAVING count() * 4 > bought
)
GROUP BY id;

CREATE TABLE tags ENGINE = Memory AS
WITH (SELECT t FROM clock) AS t
SELECT id, tag, sum(points) AS points
FROM (
  SELECT id, 'loyalty' AS tag, toDecimal64(1, 6) AS points FROM orders
  UNION ALL SELECT id, 'loyalty', toDecimal64('1.5', 6) FROM orders WHERE total > 750 AND lines >= 10
  UNION ALL SELECT id, 'loyalty', -toDecimal64('0.25', 6) FROM returned
  UNION ALL SELECT id, 'christmas', toDecimal64(1, 6) FROM purchased WHERE lower(name) LIKE '%christmas%'
  UNION ALL SELECT id, 'hearts', toDecimal64(1, 6) FROM purchased
            WHERE hasToken(replaceRegexpAll(name, '\\W', ' '), 'HEART')
               OR hasToken(replaceRegexpAll(name, '\\W', ' '), 'HEARTS')
  UNION ALL SELECT id, 'retrospot', toDecimal64(2, 6) FROM purchased
            WHERE (name ILIKE 'SET OF %' OR name ILIKE 'PACK OF %')
              AND match(splitByChar(' ', name)[3], '^[0-9]+$') AND lower(name) LIKE '%retrospot%'
  UNION ALL SELECT id, 'kitchen', toDecimal64('0.5', 6) FROM purchased
            WHERE name LIKE '%MUG%' OR name LIKE '%CAKE%' OR name LIKE '%TEA %'
  UNION ALL SELECT id, 'bags', toDecimal64(1, 6) FROM purchased WHERE name LIKE '%BAG' OR name ILIKE 'LUNCH BAG%'
  UNION ALL SELECT id, 'wholesale', toDecimal64(3, 6) FROM purchased WHERE quantity >= 100 AND price < 5
  UNION ALL SELECT id, 'bought for ' || country, toDecimal64('0.1', 6) FROM purchased
  UNION ALL SELECT id, 'returned ' || sku, toDecimal64(1, 6) FROM returned WHERE quantity < 1 OR quantity > 5
  UNION ALL SELECT id, country, toDecimal64(1, 6) FROM orders WHERE country != 'United Kingdom'
  UNION ALL SELECT id, 'small order of ' || toString(lines), toDecimal64(1, 6) FROM orders WHERE lines BETWEEN 1 AND 3
  UNION ALL SELECT id, 'this season', toDecimal64(1, 6) FROM orders WHERE at > t - toIntervalDay(90)
  UNION ALL SELECT id, 'big ticket', toDecimal64(5, 6) FROM orders WHERE total >= 2000 AND at > t - toIntervalDay(300)
  UNION ALL SELECT id, 'big ticket', toDecimal64('0.5', 6) FROM orders WHERE total >= 1000
  UNION ALL SELECT id, 'stocks ' || assumeNotNull(family), toDecimal64(1, 6) FROM purchased
            WHERE quantity >= 24 AND isNotNull(family) AND at > t - toIntervalDay(30)
)
GROUP BY id, tag;

-- A stage is never left backwards, and what these ask for never turns false again: the furthest that holds is it.
CREATE TABLE stages ENGINE = Memory AS
SELECT
  customers.id AS id,
  multiIf(
    (count >= 12 OR big >= 6) AND good >= 5, 'champion',
    count >= 4, 'regular',
    count >= 1, 'buyer',
    'visitor') AS stage
FROM customers
LEFT JOIN (
  SELECT id, count() AS count, countIf(total >= 300) AS good, countIf(total >= 1000) AS big FROM orders GROUP BY id
) AS o ON o.id = customers.id;

-- Highest first, and of equal ones the first by code points, which is how bytes of UTF-8 sort.
CREATE TABLE top_tags ENGINE = Memory AS
SELECT id, tag FROM tags ORDER BY points DESC, tag ASC LIMIT 1 BY id;
