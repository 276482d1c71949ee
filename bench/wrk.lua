-- Requests for wrk out of a file of bodies (of paths, for GET), one a line, in turn. In each of them byte 1 stands for the id of the
-- request (message ids begin with it, so that none comes twice) and byte 2 for the number of a contact.
--
-- wrk -s wrk.lua URL -- FILE METHOD PATH TAG CONTACTS SEED

local bodies = {}
local method, path, tag, contacts
local count = 0
local parts = {}

function init(args)
  wrk.headers["Content-Type"] = "application/json"
  method, path, tag, contacts = args[2], args[3], args[4], tonumber(args[5])
  math.randomseed(tonumber(args[6]))
  for line in io.lines(args[1]) do
    local body, slots, from = {}, {}, 1
    while true do
      local at = line:find("[\1\2]", from)
      body[#body + 1] = line:sub(from, (at or 0) - 1)
      if not at then break end
      slots[#slots + 1] = line:byte(at)
      from = at + 1
    end
    bodies[#bodies + 1] = { body, slots }
  end
end

function request()
  local one = bodies[count % #bodies + 1]
  local body, slots = one[1], one[2]
  count = count + 1
  local id = tag .. "-" .. count
  local n = 0
  for i = 1, #slots do
    parts[n + 1] = body[i]
    -- The product of two uniform numbers: half of all events come from a seventh of the contacts.
    parts[n + 2] = slots[i] == 1 and id or math.floor(math.random() * math.random() * contacts)
    n = n + 2
  end
  parts[n + 1] = body[#body]
  local text = table.concat(parts, "", 1, n + 1)
  if method == "GET" then return wrk.format(method, text) end
  return wrk.format(method, path, nil, text)
end

function done(summary, latency)
  local e = summary.errors
  io.write(string.format(
    '\n{"requests":%d,"failed":%d,"seconds":%.6f,"p50Ms":%.3f,"p99Ms":%.3f}\n',
    summary.requests - e.status, e.status + e.connect + e.read + e.write + e.timeout,
    summary.duration / 1e6, latency:percentile(50) / 1000, latency:percentile(99) / 1000))
end
