-- The values of examples/online-retail.sluice at the instant t, the last one of the file, for whoever has one: a query
-- for each, over facts.sql and points.sql. Sums are exact decimals and become doubles once, at the end, as the values
-- of the language do; an average is one division, of millionths by as many millionths as there are numbers.

-- value: returns rate
SELECT id, r.count / p.count AS value
FROM (SELECT id, count() AS count FROM purchased GROUP BY id) AS p
JOIN (
  SELECT id, countIf(back) AS count
  FROM (SELECT id, true AS back FROM returned UNION ALL SELECT id, false FROM purchased)
  GROUP BY id
) AS r USING (id)

-- value: average basket
SELECT id, toFloat64(toInt64(sum(total) * 1000000)) / (count() * 1000000) AS value FROM orders GROUP BY id

-- value: average basket of 90 days
SELECT id, toFloat64(toInt64(sum(total) * 1000000)) / (count() * 1000000) AS value
FROM orders WHERE at > t - toIntervalDay(90) GROUP BY id

-- value: net spend
SELECT id, toFloat64(sumIf(total, letter != 'C')) - toFloat64(sumIf(total, letter = 'C')) AS value
FROM (SELECT id, letter, total FROM purchased UNION ALL SELECT id, letter, total FROM returned)
GROUP BY id

-- value: spend of 90 days
SELECT id, toFloat64(sumIf(total, at > t - toIntervalDay(90))) AS value
FROM customers LEFT JOIN orders USING (id) GROUP BY id

-- value: spend this year
SELECT id, toFloat64(sumIf(total, at >= '2011-01-01 00:00:00')) AS value
FROM customers LEFT JOIN orders USING (id) GROUP BY id

-- value: spend on cake stands
SELECT id, toFloat64(sumIf(total, family = '22423' AND at >= '2011-06-01 00:00:00')) AS value
FROM customers LEFT JOIN purchased USING (id) GROUP BY id

-- value: lines of spring
SELECT id, toFloat64(sumIf(lines, at > t - toIntervalDay(280) AND at <= t - toIntervalDay(190))) AS value
FROM customers LEFT JOIN orders USING (id) GROUP BY id

-- value: units an order
SELECT id, sum(items) / count() AS value FROM orders GROUP BY id

-- value: favourite family
SELECT id, assumeNotNull(family) AS value FROM purchased
WHERE isNotNull(family) GROUP BY id, family ORDER BY count() DESC, family ASC LIMIT 1 BY id

-- value: favourite family lately
SELECT id, assumeNotNull(family) AS value FROM purchased
WHERE isNotNull(family) AND at > t - toIntervalDay(180)
GROUP BY id, family ORDER BY count() DESC, family ASC LIMIT 1 BY id

-- value: favourite product
SELECT id, sku AS value FROM purchased GROUP BY id, sku ORDER BY count() DESC, sku ASC LIMIT 1 BY id

-- value: favourite of the winter
SELECT id, name AS value FROM purchased
WHERE at > t - toIntervalDay(360) AND at <= t - toIntervalDay(270)
GROUP BY id, name ORDER BY count() DESC, name ASC LIMIT 1 BY id

-- value: usual quantity
SELECT id, toFloat64(quantity) AS value FROM purchased
WHERE at >= '2011-03-01 00:00:00' GROUP BY id, quantity ORDER BY count() DESC, quantity ASC LIMIT 1 BY id

-- value: assortment
SELECT id, toFloat64(uniqExactIf(sku, sku != '')) AS value FROM customers LEFT JOIN purchased USING (id) GROUP BY id

-- value: assortment of 90 days
SELECT id, toFloat64(uniqExactIf(sku, at > t - toIntervalDay(90))) AS value
FROM customers LEFT JOIN purchased USING (id) GROUP BY id

-- value: families this year
SELECT id, toFloat64(uniqExactIf(family, at >= '2011-01-01 00:00:00')) AS value
FROM customers LEFT JOIN purchased USING (id) GROUP BY id

-- value: dearest unit
SELECT id, toFloat64(max(price)) AS value FROM purchased WHERE sku != 'M' GROUP BY id

-- value: cheapest unit
SELECT id, toFloat64(min(price)) AS value FROM purchased WHERE price > 0 GROUP BY id

-- value: largest return of a year
SELECT id, toFloat64(max(total)) AS value FROM returned
WHERE at > t - toIntervalDay(365) AND at <= t - toIntervalDay(30) GROUP BY id

-- value: smallest basket this month
SELECT id, toFloat64(min(total)) AS value FROM orders WHERE at >= '2011-12-01 00:00:00' GROUP BY id

-- value: average price this week
SELECT id, toFloat64(toInt64(sum(price) * 1000000)) / (count() * 1000000) AS value
FROM purchased WHERE at >= '2011-12-05 00:00:00' GROUP BY id

-- value: lines today
SELECT id, toFloat64(countIf(at >= '2011-12-09 00:00:00')) AS value
FROM customers LEFT JOIN purchased USING (id) GROUP BY id

-- value: last basket to average
SELECT id, toFloat64(any(last_orders.total)) / (toFloat64(toInt64(sum(orders.total) * 1000000)) / (count() * 1000000))
  AS value
FROM orders JOIN last_orders USING (id) GROUP BY id HAVING sum(orders.total) != 0

-- value: first basket
SELECT id, toFloat64(total) AS value FROM first_orders

-- value: loyalty an order
SELECT id, toFloat64(points) / orders AS value
FROM (SELECT id, count() AS orders FROM orders GROUP BY id) AS o
JOIN (SELECT id, points FROM tags WHERE tag = 'loyalty') AS l USING (id)

-- value: points of 1,000 spent
SELECT id, toFloat64(score) * 1000 / net AS value
FROM customers
LEFT JOIN scores USING (id)
JOIN (
  SELECT id, toFloat64(sumIf(total, letter != 'C')) - toFloat64(sumIf(total, letter = 'C')) AS net
  FROM (SELECT id, letter, total FROM purchased UNION ALL SELECT id, letter, total FROM returned)
  GROUP BY id
) AS n USING (id)
WHERE net != 0

-- value: lot
SELECT id, reinterpretAsUInt32(reverse(substring(SHA256('january letter:' || id), 1, 4))) / 4294967296 * 100 AS value
FROM customers

-- value: days to the anniversary
SELECT id, toFloat64(dateDiff('day', toDate(t), if(this_year >= toDate(t), this_year, addYears(this_year, 1)))) AS value
FROM (SELECT id, makeDate(2011, toMonth(min(at)), toDayOfMonth(min(at))) AS this_year FROM orders GROUP BY id)
