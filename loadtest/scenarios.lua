-- The scenarios of k6/*.js for wrk: SCENARIO names one. Every connection has a thread of its own, so that an answer is judged by what was asked.
-- KEYS (one of each tenant, with commas between) and LIMITED_KEY come from the environment. Prints RESULT requests p50 p99 unexplained, times in µs,
-- and KIND count kind for each kind of answer; examples of what is not explained go to stderr.
local scenario = os.getenv("SCENARIO")
local keys, limited_key = {}, os.getenv("LIMITED_KEY")
for key in os.getenv("KEYS"):gmatch("[^,]+") do keys[#keys + 1] = key end

local threads = {}
function setup(thread)
  thread:set("seed", #threads + 1)
  threads[#threads + 1] = thread
end

local function post(key, method, params, session, is_notification)
  local headers = {
    ["Content-Type"] = "application/json", ["Accept"] = "application/json, text/event-stream", ["MCP-Protocol-Version"] = "2025-06-18",
    ["Authorization"] = "Bearer " .. key, ["Mcp-Session-Id"] = session,
  }
  local id = is_notification and "" or '"id":1,'
  return wrk.format("POST", "/mcp", headers, string.format('{"jsonrpc":"2.0",%s"method":"%s","params":%s}', id, method, params or "{}"))
end

local function call(tenant, tool, key, session)
  return post(key or keys[tenant], "tools/call", string.format('{"name":"t%d__%s","arguments":{"text":"a"}}', tenant, tool), session)
end

local function has_result(status, body) return status == 200 and body:find('"result"', 1, true) and not body:find('"error"', 1, true) end
local function has_error(status, body) return status < 500 and body:find('"error"', 1, true) and not body:find('"result"', 1, true) end

-- Each scenario gives the next request and what its answer must be.
local scenarios, session, step = {}, nil, 0

scenarios["tools-call"] = function() return call(1, "small"), has_result end
scenarios.large = function() return call(1, "large"), has_result end
scenarios.streams = function()
  return call(1, "stream"), function(status, body) return status == 200 and select(2, body:gsub("data: ", "")) == 3 and body:find('"done"', 1, true) end
end

scenarios.lists = function()
  local what = ({ "tools", "prompts", "resources" })[math.random(3)]
  return post(keys[1], what .. "/list"), has_result
end

scenarios.tenants = function()
  local tenant = math.random(#keys)
  if math.random() < 0.1 then return call(tenant % #keys + 1, "small", keys[tenant]), has_error end
  return call(tenant, "small"), has_result
end

scenarios.limits = function()
  if math.random() < 0.9 then
    return call(1, "small", limited_key), function(status, body, headers)
      return has_result(status, body) or (status == 429 and tonumber(headers["Retry-After"]) and body:find("-32012", 1, true))
    end
  end
  return call(math.random(2, #keys), "small"), has_result
end

-- A session's five requests, one after another: open, say so, call, end, and see that it is gone.
local life = {
  function()
    return post(keys[1], "initialize", '{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"load","version":"1"}}'),
      function(status, body, headers)
        session = headers["Mcp-Session-Id"]
        return has_result(status, body) and session
      end
  end,
  function() return post(keys[1], "notifications/initialized", nil, session, true), function(status) return status == 202 end end,
  function() return call(1, "small", nil, session), has_result end,
  function()
    return wrk.format("DELETE", "/mcp", { ["Authorization"] = "Bearer " .. keys[1], ["Mcp-Session-Id"] = session }, ""),
      function(status) return status == 200 or status == 204 end
  end,
  function() return post(keys[1], "tools/list", nil, session), function(status) return status == 404 end end,
}
scenarios.sessions = function()
  step = step % #life + 1
  return life[step]()
end

-- More connections than threads: any answer is judged alike.
scenarios.spike = function() return call(1, "small"), function(status, body) return has_result(status, body) or status == 503 end end

local mix = { "tools-call", "tools-call", "tools-call", "large", "tenants", "tenants", "streams", "limits", "lists", "sessions" }
scenarios.soak = function()
  if step > 0 and step < #life then return scenarios.sessions() end
  return scenarios[mix[math.random(#mix)]]()
end

-- With OUTAGES=1 upstreams are restarted meanwhile: the gateway's own words for that are explained.
local outages = os.getenv("OUTAGES") == "1"
local function is_outage(status, body)
  return outages and ((status == 502 and body:find("-32013", 1, true)) or (status == 504 and body:find("-32014", 1, true)))
end

local message, holds
answers, examples = {}, ""

local function count(kind) answers[kind] = (answers[kind] or 0) + 1 end

function init() math.randomseed(seed) end

-- Asked again without an answer between (wrk tries it once, and after a broken connection), it gives the same.
function request()
  if not message then message, holds = scenarios[scenario]() end
  return message
end

function response(status, headers, body)
  message = nil
  if is_outage(status, body) then
    -- A session that was opened is ended nevertheless; clients that leave theirs behind would fill the table up to its limit.
    step = (step == 2 or step == 3) and 3 or 0
    return count("outage " .. status)
  end
  if holds(status, body, headers) then return count("answered " .. status) end
  count("unexplained " .. status)
  if #examples < 2000 then examples = examples .. string.format("%s, step %d: %d %s\n", scenario, step, status, body:sub(1, 160):gsub("%s+", " ")) end
end

function done(summary, latency)
  local errors, sums, seen = summary.errors, {}, ""
  for kind, number in pairs({ connect = errors.connect, read = errors.read, write = errors.write, timeout = errors.timeout }) do
    if number > 0 then sums["unexplained " .. kind] = number end
  end
  for _, thread in ipairs(threads) do
    for kind, number in pairs(thread:get("answers")) do sums[kind] = (sums[kind] or 0) + number end
    seen = seen .. thread:get("examples")
  end
  local unexplained = 0
  for kind, number in pairs(sums) do
    if kind:find("^unexplained") then unexplained = unexplained + number end
    io.write(string.format("KIND %d %s\n", number, kind))
  end
  io.write(string.format("RESULT %d %d %.0f %d\n", summary.requests, latency:percentile(50), latency:percentile(99), unexplained))
  io.stderr:write(seen:sub(1, 4000))
end
