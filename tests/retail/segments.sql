-- Who belongs to which segment of examples/online-retail.sluice at the instant t, the last one of the file: a query
-- for each, over facts.sql and points.sql. A query may read the members of those above it. Windows are half-open:
-- "in last 90 days" is later than t - 90 days, and "from 4 months to 1 month ago" counts months of 30 days.

-- segment: gold
SELECT id FROM orders GROUP BY id HAVING count() >= 12 OR countIf(total >= 1000) >= 6

-- segment: silver
SELECT id FROM tags
WHERE tag = 'loyalty' AND points >= 7.5 AND id NOT IN (SELECT id FROM members WHERE segment = 'gold')

-- segment: bronze
SELECT id FROM tags
WHERE tag = 'loyalty' AND points >= 3 AND id NOT IN (SELECT id FROM members WHERE segment IN ('gold', 'silver'))

-- segment: gold at risk
SELECT id FROM members
WHERE segment = 'gold' AND id NOT IN (SELECT id FROM orders WHERE at > t - toIntervalDay(56))

-- segment: call first
SELECT id FROM scores JOIN stages USING (id) WHERE score >= 150 AND stage IN ('regular', 'champion')

-- segment: in the red
SELECT id FROM scores WHERE score < 0

-- segment: steady points
SELECT id FROM scores WHERE score >= toDecimal64('49.95', 6) AND score <= toDecimal64('75.05', 6)

-- segment: buyers of the last 90 days
SELECT DISTINCT id FROM orders WHERE at > t - toIntervalDay(90)

-- segment: lapsed
SELECT id FROM orders GROUP BY id HAVING max(at) <= t - toIntervalDay(180)

-- segment: came back
SELECT id FROM orders
GROUP BY id
HAVING max(at) > t - toIntervalDay(30)
  AND countIf(at > t - toIntervalDay(120) AND at <= t - toIntervalDay(30)) = 0
  AND countIf(at > t - toIntervalDay(365) AND at <= t - toIntervalDay(120)) > 0

-- segment: first-time buyers
SELECT id FROM orders GROUP BY id HAVING count() = 1

-- segment: new this quarter
SELECT id FROM customers WHERE first_seen > t - toIntervalDay(91)

-- segment: never ordered
SELECT id FROM customers WHERE id NOT IN (SELECT id FROM orders)

-- segment: seen on the first day
SELECT id FROM customers WHERE toDate(first_seen) = '2010-12-01'

-- segment: gone by the summer
SELECT id FROM customers WHERE last_seen < '2011-07-01 00:00:00'

-- segment: not before noon of the sixth
SELECT id FROM customers WHERE last_seen >= '2011-12-06 12:00:00'

-- segment: first order in spring
SELECT id FROM orders GROUP BY id HAVING min(at) >= '2011-03-20 00:00:00' AND min(at) < '2011-06-21 00:00:00'

-- segment: cooling down
SELECT id FROM orders
GROUP BY id
HAVING countIf(at > t - toIntervalDay(90)) < countIf(at > t - toIntervalDay(180) AND at <= t - toIntervalDay(90))

-- segment: autumn season
SELECT id FROM purchased WHERE at >= '2011-09-01 00:00:00' GROUP BY id HAVING count() >= 50

-- segment: busy last hour
SELECT DISTINCT id FROM purchased WHERE at > t - toIntervalHour(1)

-- segment: same day buyers
SELECT id FROM orders WHERE at > t - toIntervalHour(24) GROUP BY id HAVING count() > 1

-- segment: long-standing
SELECT id FROM purchased GROUP BY id HAVING min(at) <= t - toIntervalDay(365) AND max(at) > t - toIntervalDay(30)

-- segment: big orders
SELECT id FROM orders WHERE total >= 1000 GROUP BY id HAVING count() >= 2

-- segment: big last order
SELECT id FROM last_orders WHERE total > 1000

-- segment: started small
SELECT id FROM first_orders
WHERE lines <= 5 AND id IN (SELECT id FROM orders WHERE items > 200 GROUP BY id HAVING count() >= 3)

-- segment: no small last order
SELECT id FROM customers WHERE id NOT IN (SELECT id FROM last_orders WHERE lines <= 5)

-- segment: wholesalers
SELECT id FROM purchased WHERE quantity >= 100 AND price < 5 GROUP BY id HAVING count() >= 5

-- segment: bulk lately
SELECT id FROM purchased WHERE quantity >= 144 AND at > t - toIntervalDay(180) GROUP BY id HAVING count() >= 3

-- segment: bargain hunters
SELECT id FROM purchased
GROUP BY id
HAVING countIf(price > 0 AND price <= toDecimal64('0.42', 6)) > countIf(price >= toDecimal64('4.95', 6))

-- segment: free goods
SELECT DISTINCT id FROM purchased WHERE price = 0

-- segment: samplers
SELECT id FROM purchased
WHERE at >= '2011-05-31 23:00:00' AND (quantity = 1 OR price = 0)
GROUP BY id
HAVING count() >= 25

-- segment: big spenders in the last 90 days
SELECT id FROM orders WHERE at > t - toIntervalDay(90) GROUP BY id HAVING sum(total) >= 2000

-- segment: big spenders of the year
SELECT id FROM orders WHERE toYear(at) = toYear(t) GROUP BY id HAVING sum(total) >= 5000

-- segment: big baskets
SELECT id FROM orders GROUP BY id HAVING sum(total) >= 500 * count()

-- segment: baskets grow
SELECT id FROM orders
GROUP BY id
HAVING sumIf(total, at > t - toIntervalDay(90)) * 4 * count() > 5 * sum(total) * countIf(at > t - toIntervalDay(90))

-- segment: baskets shrink
SELECT id FROM orders JOIN last_orders USING (id)
GROUP BY id
HAVING any(last_orders.total) * 2 * count() < sum(orders.total)

-- segment: half of it lately
SELECT id FROM customers LEFT JOIN orders USING (id)
GROUP BY id
HAVING sumIf(total, at > t - toIntervalDay(90)) * 2 >= sum(total)

-- segment: no small orders
SELECT id FROM orders WHERE at > t - toIntervalDay(365) GROUP BY id HAVING min(total) >= 300

-- segment: never above a pound
SELECT id FROM purchased GROUP BY id HAVING max(price) <= 1

-- segment: few dear things
SELECT id FROM purchased
GROUP BY id
HAVING sum(price) >= 10 * count() AND id IN (SELECT id FROM orders GROUP BY id HAVING sum(items) < 50 * count())

-- segment: nothing spent
SELECT id
FROM (SELECT id, total FROM purchased UNION ALL SELECT id, -total FROM returned)
GROUP BY id
HAVING sum(total) <= 0

-- segment: not this year
SELECT id FROM orders GROUP BY id HAVING max(at) < '2011-01-01 00:00:00'

-- segment: orders twice this month
SELECT id FROM orders WHERE toYYYYMM(at) = toYYYYMM(t) GROUP BY id HAVING count() >= 2

-- segment: ordered this week
SELECT DISTINCT id FROM orders WHERE toMonday(at) = toMonday(t)

-- segment: ordered today
SELECT DISTINCT id FROM purchased WHERE toDate(at) = toDate(t)

-- segment: fresh points
SELECT id FROM scores LEFT JOIN (SELECT id, count() AS count FROM orders GROUP BY id) AS o USING (id)
WHERE score - 10 * count > 30

-- segment: big ticket
SELECT id FROM tags WHERE tag = 'big ticket' AND points >= toDecimal64('5.5', 6)

-- segment: frequent returners
SELECT id FROM returned GROUP BY id HAVING count() >= 10

-- segment: returned lately
SELECT DISTINCT id FROM returned
WHERE at > t - toIntervalDay(30) AND name NOT IN ('Manual', 'Discount', 'POSTAGE')

-- segment: returned more than bought
SELECT id
FROM (SELECT id, 1 AS way FROM returned UNION ALL SELECT id, -1 FROM purchased)
GROUP BY id
HAVING sum(way) > 0

-- segment: return was the last word
SELECT r.id
FROM (SELECT id, max(at) AS at FROM returned GROUP BY id) AS r
JOIN (SELECT id, max(at) AS at FROM purchased GROUP BY id) AS p ON p.id = r.id
WHERE r.at >= p.at

-- segment: got a discount
SELECT DISTINCT id FROM returned WHERE sku = 'D'

-- segment: returns a lot
SELECT id FROM (SELECT id, letter FROM purchased UNION ALL SELECT id, letter FROM returned)
GROUP BY id
HAVING countIf(letter = 'C') * 10 > countIf(letter != 'C') AND countIf(letter != 'C') >= 20

-- segment: gives back what is dear
SELECT r.id
FROM (SELECT id, max(price) AS price FROM returned GROUP BY id) AS r
JOIN (SELECT id, max(price) AS price FROM purchased GROUP BY id) AS p ON p.id = r.id
WHERE r.price = p.price

-- segment: money back this year
SELECT id FROM returned WHERE at >= '2011-01-01 00:00:00' GROUP BY id HAVING sum(total) BETWEEN 100 AND 1000

-- segment: UK
SELECT id FROM customers WHERE country = 'United Kingdom'

-- segment: abroad
SELECT id FROM customers WHERE country != 'United Kingdom'

-- segment: DACH
SELECT id FROM customers WHERE country IN ('Germany', 'Austria', 'Switzerland')

-- segment: islands
SELECT id FROM customers WHERE country LIKE '%Islands' OR country LIKE 'Icel%' OR country LIKE 'Mal%'

-- segment: not Europe's big four
SELECT id FROM customers WHERE country NOT IN ('Germany', 'France', 'Spain', 'Italy') AND country NOT LIKE 'United%'

-- segment: moved
SELECT id FROM purchased GROUP BY id HAVING argMin(country, at) != argMax(country, at)

-- segment: christmas shoppers
SELECT id FROM purchased WHERE name ILIKE '%christmas%' GROUP BY id HAVING count() >= 10

-- segment: christmas in summer
SELECT id FROM purchased
WHERE name ILIKE '%christmas%' AND at > t - toIntervalDay(180) AND at <= t - toIntervalDay(120)
GROUP BY id
HAVING count() >= 3

-- segment: loves hearts
SELECT id FROM top_tags WHERE tag = 'hearts'

-- segment: bag collectors
SELECT id FROM tags GROUP BY id HAVING has(groupArray(tag), 'bags') AND NOT has(groupArray(tag), 'kitchen')

-- segment: favourite is a country
SELECT id FROM top_tags WHERE tag LIKE 'bought for %' AND tag != 'bought for United Kingdom'

-- segment: lunch party
SELECT id FROM purchased
WHERE (name ILIKE '%lunch bag%' OR name ILIKE '%lunch box%') AND quantity >= 5 AND quantity <= 10
GROUP BY id
HAVING count() >= 5

-- segment: jumbo bag fans
SELECT id FROM (
  SELECT id, family FROM purchased WHERE isNotNull(family)
  GROUP BY id, family ORDER BY count() DESC, family ASC LIMIT 1 BY id
)
WHERE family = '85099'

-- segment: faithful to a family
SELECT a.id
FROM (
  SELECT id, family FROM purchased WHERE isNotNull(family)
  GROUP BY id, family ORDER BY count() DESC, family ASC LIMIT 1 BY id
) AS a
JOIN (
  SELECT id, family FROM purchased WHERE isNotNull(family) AND at > t - toIntervalDay(180)
  GROUP BY id, family ORDER BY count() DESC, family ASC LIMIT 1 BY id
) AS b ON a.id = b.id
WHERE a.family = b.family

-- segment: changed the family
SELECT DISTINCT id FROM purchased
WHERE isNotNull(family) AND at > t - toIntervalDay(180)
  AND id NOT IN (SELECT id FROM members WHERE segment = 'faithful to a family')

-- segment: light holders first
SELECT id FROM (
  SELECT id, sku FROM purchased GROUP BY id, sku ORDER BY count() DESC, sku ASC LIMIT 1 BY id
)
WHERE sku IN ('85123A', '22423', '47566')

-- segment: wide range
SELECT id FROM purchased GROUP BY id HAVING uniqExact(sku) >= 100

-- segment: wide range of 90 days
SELECT id FROM purchased WHERE at > t - toIntervalDay(90) GROUP BY id HAVING uniqExact(sku) >= 60

-- segment: one product
SELECT id FROM purchased GROUP BY id HAVING uniqExact(sku) = 1

-- segment: explorers
SELECT id FROM purchased GROUP BY id HAVING uniqExact(sku) >= 20 AND uniqExact(sku) = count()

-- segment: buys by the dozen
SELECT id FROM (
  SELECT id, quantity FROM purchased GROUP BY id, quantity ORDER BY count() DESC, quantity ASC LIMIT 1 BY id
)
WHERE quantity = 12

-- segment: cake stands
SELECT id FROM purchased WHERE family = '22423' AND at >= '2011-06-01 00:00:00' GROUP BY id HAVING sum(total) > 100

-- segment: stocks up
SELECT id FROM top_tags WHERE tag LIKE 'stocks %'

-- segment: out of season
SELECT id FROM (SELECT id FROM orders UNION DISTINCT SELECT id FROM returned)
WHERE id NOT IN (SELECT id FROM orders WHERE at > t - toIntervalDay(90))

-- segment: newsletter
SELECT id FROM members
WHERE segment = 'buyers of the last 90 days' AND id NOT IN (SELECT id FROM members WHERE segment = 'frequent returners')

-- segment: win back
SELECT id FROM members
WHERE segment = 'lapsed'
  AND (id IN (SELECT id FROM members WHERE segment = 'big orders')
    OR id IN (SELECT id FROM tags WHERE tag = 'loyalty' AND points >= 5))

-- segment: champions abroad
SELECT id FROM stages
WHERE stage = 'champion' AND id IN (SELECT id FROM customers WHERE country != 'United Kingdom')

-- segment: january test
SELECT id FROM customers
WHERE reinterpretAsUInt32(reverse(substring(SHA256('january letter:' || id), 1, 4))) < 0.1 * 4294967296

-- segment: january letter
SELECT id FROM orders
WHERE id NOT IN (SELECT id FROM members WHERE segment = 'january test')
GROUP BY id
HAVING toYYYYMMDD(min(at)) BETWEEN 20101209 AND 20110109
  OR (toMonth(min(at)) = 12 AND toDayOfMonth(min(at)) >= 9)

-- segment: midfield
SELECT id FROM stages
WHERE stage IN ('buyer', 'regular') AND id IN (SELECT id FROM members WHERE segment = 'cooling down')

-- segment: unknown faces
SELECT id FROM customers WHERE id = ''

-- segment: on the web site
SELECT id FROM customers WHERE 0
