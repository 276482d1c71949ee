-- The values of examples/eshop-clothing.sluice at the instant t, the last one of the file, for whoever has one: a query
-- for each, over facts.sql and points.sql. Sums are exact decimals and become doubles once, at the end; an average is
-- one division.

-- value: views
SELECT id, toFloat64(views) AS value FROM sessions

-- value: models
SELECT id, toFloat64(models) AS value FROM sessions

-- value: views a model
SELECT id, views / models AS value FROM sessions

-- value: average price
SELECT id, toFloat64(total) / views AS value FROM sessions

-- value: average price in sale
SELECT id, toFloat64(sum(price)) / count() AS value FROM clicks WHERE category = 'sale' GROUP BY id

-- value: price range
SELECT id, toFloat64(dearest - cheapest) AS value FROM sessions

-- value: price drift
SELECT id, toFloat64(last_price - first_price) AS value FROM sessions

-- value: looked at for
SELECT id, toFloat64(total) AS value FROM sessions

-- value: looked at for lately
SELECT id, toFloat64(sumIf(price, at > t - toIntervalDay(30))) AS value FROM clicks GROUP BY id

-- value: sale share
SELECT id, sale_views / views AS value FROM sessions

-- value: favourite model
SELECT id, sku AS value FROM clicks GROUP BY id, sku ORDER BY count() DESC, sku ASC LIMIT 1 BY id

-- value: favourite colour
SELECT id, colour AS value FROM clicks GROUP BY id, colour ORDER BY count() DESC, colour ASC LIMIT 1 BY id

-- value: favourite category
SELECT id, category AS value FROM clicks GROUP BY id, category ORDER BY count() DESC, category ASC LIMIT 1 BY id

-- value: usual price
SELECT id, toFloat64(price) AS value FROM clicks GROUP BY id, price ORDER BY count() DESC, price ASC LIMIT 1 BY id

-- value: mostly dear
SELECT id, countIf(above_average) > countIf(NOT above_average) ? true : false AS value FROM clicks GROUP BY id

-- value: first model
SELECT id, first_sku AS value FROM sessions

-- value: last model
SELECT id, last_sku AS value FROM sessions

-- value: depth
SELECT id, toFloat64(depth) AS value FROM sessions

-- value: colours this month
SELECT id, toFloat64(uniqExactIf(colour, toYYYYMM(at) = toYYYYMM(t))) AS value FROM clicks GROUP BY id

-- value: cheapest this week
SELECT id, toFloat64(min(price)) AS value FROM clicks WHERE toMonday(at) = toMonday(t) GROUP BY id

-- value: views in May
SELECT id, toFloat64(countIf(at > t - toIntervalHour(104 * 24) AND at <= t - toIntervalHour(73 * 24))) AS value
FROM clicks GROUP BY id

-- value: lot
SELECT id, reinterpretAsUInt32(reverse(substring(SHA256('banner:' || id), 1, 4))) / 4294967296 * 100 AS value
FROM sessions
