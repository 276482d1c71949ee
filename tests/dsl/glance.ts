/** The model that shows every kind of declaration once; features that are not live yet included. */
export const GLANCE = `timezone "Europe/Rome"

# points (lead scoring)
score +5  on page
score +20 on "Resource Downloaded"
score -10 on "Email Sent" unless "Email Opened" within 3 days matching campaign_id
score +15 while trait.industry = "automotive"      # a trait that scores as long as it holds
score +10 on "Webinar Attended" for 90 days        # points that expire

# tags, each with a score of its own: every match adds a point
tag "PURCHASE" on "Order Completed"
tag category on "Product Viewed"                    # one tag per value of the event's property
tag "interest:" + category +2 on "Product Added"

# the funnel, in order; a contact only moves forward
stages "visitor", "lead", "mql", "customer"
stage "lead" when trait.email is set
stage "mql" when score >= 50
stage "customer" when did("Order Completed")

# dynamic segments: whoever satisfies the predicate now
segment "jacket lovers"  = tag("jackets") >= 4
segment "big in Turin"   = company.city = "Torino" and company.revenue > 5_000_000
                           and last("Order Completed") within 6 months
segment "loyal"          = count("Order Completed" in last 6 months) >= 10
segment "ready for coupon" = count("Product Viewed" where category = "coats" in last 1 hour) > 5
                           and not did("Order Completed" in last 1 hour)
segment "birthday"       = days_to_anniversary(trait.birthday) = 0
segment "abandoned cart" = abandoned("Product Added" without "Order Completed" for 30 minutes)
segment "recipients"     = in segment "loyal" and not in segment "birthday"

# computed values, shown on the card and usable everywhere
value "returns rate"     = count("Product Returned") / count("Product Purchased")
segment "returns a lot"  = value("returns rate") > 0.3 and count("Product Purchased") >= 5

# static segments: members come and go only by an action or by the API
static segment "black friday 2026"

webhook "crm" = "https://crm.example/hooks/sluice"
on enter "loyal" do webhook "crm", tag "loyal-customer", stage "customer"
on score reaches 100 do webhook "crm", add to "black friday 2026"
on "Email Opened" do tag "opened"
`;

/** What a larger model might add: the rest of the grammar, all of it sound. */
export const REST = `rfm on "Order Completed".total in last 365 days
score -2.5 on page "Home" where path starts with "/shop" ignoring case for 2 weeks
score +1 on "A" unless screen "B" where ok = true within 90 seconds for 1 year
tag products[].category on "Order Completed" where total between 1 and 99.5 for 30 days
tag "seen:" + \`on\`.\`first-name\` -1 on any
stages "cold", "warm", "hot"
stage "warm" when known or percent("a/b") < 50
stage "hot" when rfm.monetary >= 4 and not (trait.vip is not set or in segment "staff")
segment "staff" = trait.email ends with "@shop.example" and trait.age not between 0 and 17
segment "sequence" = did("A" where x = event.y then page then screen "C" within 3 days in last 30 days)
segment "abandons" = abandoned(identify without any for 1 hour in last 2 hours)
segment "windows" = count("A" today) + count("A" this week) * 2 > count("A" this month) - count("A" this year)
segment "since" = did("A" since 2026-01-31) and sum("A".total from 60 days to 30 days ago) >= 1
segment "ago" = first("A") more than 3 days ago and last("A".at) within 1 month and last_seen >= 2026-01-31T10:00
segment "lists" = trait.country in ("IT", "FR") and trait.n not in (1, -2.5, 1_000) and top_tag = "x"
segment "texts" = trait.name not contains "x" and trait.name matches "^a+$" ignoring case
segment "stage" = stage in ("cold", "warm") and stage < "hot" and has tag "PURCHASE" and score between -5 and 5
segment "most" = most("A".products[].sku) = "x" and distinct("A".sku) > 2 and min("A".x) < avg("A".x) and max("A".x) < 9
value "half" = (max("A".x) - min("A".x)) / 2
value "quarter" = value("half") / 2
static segment "once" = (value("quarter") + 1) * 2 > trait.limit
webhook "hook" = "http://localhost:9000/in?x=1"
on leave "staff" if score > 3 and known once per 7 days do score -5, untag "x", remove from "once"
on identify where email is set once do tag "y" +3, stage "warm"
`;
