-- Who belongs to which segment of examples/eshop-clothing.sluice at the instant t, the last one of the file: a query
-- for each, over facts.sql and points.sql. A query may read the members of those above it. Windows are half-open, a
-- day of a window has 24 hours, and all days of the file have them too: summer time began before it and ends after it.

-- segment: today
SELECT id FROM sessions WHERE toDate(last_seen) = '2008-08-13'

-- segment: this week
SELECT id FROM sessions WHERE toDate(last_seen) >= '2008-08-11'

-- segment: this month
SELECT id FROM sessions WHERE toDate(last_seen) >= '2008-08-01'

-- segment: not this month
SELECT id FROM sessions WHERE toDate(last_seen) < '2008-08-01'

-- segment: last 30 clicks
SELECT id FROM sessions WHERE last_seen > t - toIntervalSecond(30)

-- segment: a week of 7 days
SELECT id FROM sessions WHERE first_seen > t - toIntervalDay(7)

-- segment: spring
SELECT id FROM sessions WHERE toMonth(first_seen) IN (4, 5)

-- segment: second of June
SELECT id FROM sessions WHERE toDate(last_seen) = '2008-06-02'

-- segment: weeks ago
SELECT DISTINCT id FROM clicks WHERE at > t - toIntervalDay(28) AND at <= t - toIntervalDay(14)

-- segment: forgotten
SELECT id FROM sessions
WHERE id IN (SELECT id FROM stages WHERE stage IN ('glance', 'look')) AND last_seen <= t - toIntervalDay(90)

-- segment: anniversary in spring
SELECT id FROM sessions
WHERE dateDiff('day', toDate(t), addYears(toDate(first_seen), 1)) BETWEEN 231 AND 291 AND toDate(first_seen) < toDate(t)

-- segment: bounced
SELECT id FROM clicks GROUP BY id HAVING count() = 1

-- segment: long sessions
SELECT id FROM clicks GROUP BY id HAVING count() >= 30

-- segment: deep
SELECT DISTINCT id FROM clicks WHERE page IN (4, 5)

-- segment: warm
SELECT id FROM scores WHERE score >= 20

-- segment: cold
SELECT id FROM scores WHERE score <= 0

-- segment: of the first glance
SELECT id FROM stages WHERE stage = 'glance'

-- segment: engaged lately
SELECT id FROM stages WHERE stage = 'engaged' AND id IN (SELECT id FROM clicks WHERE at > t - toIntervalDay(30))

-- segment: everything once
SELECT id FROM clicks GROUP BY id HAVING uniqExact(category) = 4

-- segment: one model only
SELECT id FROM clicks GROUP BY id HAVING uniqExact(sku) = 1 AND count() >= 2

-- segment: comes back to it
SELECT id FROM clicks GROUP BY id HAVING count() >= 2 * uniqExact(sku)

-- segment: ends where it began
SELECT id FROM clicks GROUP BY id HAVING argMin(sku, at) = argMax(sku, at) AND count() > 2

-- segment: outfit
SELECT id FROM clicks
GROUP BY id
HAVING countIf(category = 'trousers') > 0 AND countIf(category = 'blouses') > 0 AND countIf(category = 'sale') = 0

-- segment: skirts before trousers
SELECT id FROM clicks GROUP BY id HAVING countIf(category = 'skirts') > countIf(category = 'trousers')

-- segment: loves black
SELECT id FROM (SELECT id, colour FROM clicks GROUP BY id, colour ORDER BY count() DESC, colour ASC LIMIT 1 BY id)
WHERE colour = 'black'

-- segment: likes red best
SELECT id FROM top_tags WHERE tag = 'likes red'

-- segment: fresh wish
SELECT id FROM top_tags WHERE tag LIKE 'fresh %'

-- segment: window shoppers
SELECT id FROM clicks GROUP BY id HAVING countIf(at_top) > countIf(NOT at_top)

-- segment: sizes up
SELECT id FROM clicks WHERE profile GROUP BY id HAVING count() >= 5

-- segment: sale only
SELECT id FROM clicks GROUP BY id HAVING countIf(category != 'sale') = 0

-- segment: sale hunters
SELECT id FROM clicks GROUP BY id HAVING countIf(category = 'sale') * 2 > count() AND count() >= 5

-- segment: dear taste
SELECT id FROM clicks GROUP BY id HAVING sum(price) > 50 * count() AND min(price) >= 43

-- segment: wide purse
SELECT id FROM clicks GROUP BY id HAVING max(price) - min(price) >= 40

-- segment: goes up
SELECT id FROM clicks GROUP BY id HAVING argMax(price, at) > argMin(price, at) + 20

-- segment: goes down
SELECT id FROM clicks GROUP BY id HAVING argMax(price, at) < argMin(price, at) - 20

-- segment: prefers the dearer half
SELECT id FROM clicks GROUP BY id HAVING countIf(above_average) * 2 > count()

-- segment: bargain of the week
SELECT DISTINCT id FROM clicks WHERE toDate(at) >= '2008-08-11' AND price < 25

-- segment: a thousand in view
SELECT id FROM clicks GROUP BY id HAVING sum(price) >= 1000

-- segment: a thousand lately
SELECT id FROM clicks WHERE at > t - toIntervalDay(30) GROUP BY id HAVING sum(price) >= 1000

-- segment: luxury
SELECT id FROM tags WHERE tag = 'luxury' AND points >= 4

-- segment: Poland
SELECT id FROM sessions WHERE country = 'Poland'

-- segment: neighbours
SELECT id FROM sessions
WHERE country IN ('Czech Republic', 'Slovakia', 'Germany', 'Lithuania', 'Ukraine', 'Russia')

-- segment: domain only
SELECT id FROM sessions WHERE country LIKE '.%'

-- segment: unknown country
SELECT id FROM sessions WHERE country = 'unidentified'

-- segment: banner
SELECT id FROM sessions
WHERE reinterpretAsUInt32(reverse(substring(SHA256('banner:' || id), 1, 4))) < 0.25 * 4294967296
  AND toDate(last_seen) >= '2008-08-01' AND views > 1

-- segment: control group
SELECT id FROM sessions
WHERE toDate(last_seen) >= '2008-08-01' AND views > 1 AND id NOT IN (SELECT id FROM members WHERE segment = 'banner')

-- segment: sale abroad
SELECT id FROM members
WHERE segment = 'sale hunters'
  AND id NOT IN (SELECT id FROM members WHERE segment = 'Poland')
  AND id IN (SELECT id FROM scores WHERE score > 5)

-- segment: logged in
SELECT id FROM sessions WHERE 0
