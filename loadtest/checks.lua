-- The gateway's checks as one would write them for a single nginx worker, whose tables need no locks: a keyed hash of the key, permission by globs,
-- three token buckets, a parse of the message, the route by the tool's name with the name rewritten, and a count and a duration for the metrics.
local cjson = require "cjson.safe"
local hmac_sha1, now, var = ngx.hmac_sha1, ngx.now, ngx.var

local checks = {}
local secret = "measured"
local callers = {
  [hmac_sha1(secret, "load")] = { id = "load", organization = "default", servers = { "^fast$" }, tools = { "^fast__.*$" } },
}
local rate, burst = 10000000 / 60, 10000000
local buckets, counts, durations = {}, {}, {}

local function refuse(status, code, message)
  ngx.status = status
  ngx.header["Content-Type"] = "application/json"
  ngx.say(cjson.encode({ jsonrpc = "2.0", id = cjson.null, error = { code = code, message = message } }))
  return ngx.exit(status)
end

local function matches(patterns, name)
  for i = 1, #patterns do
    if name:find(patterns[i]) then return true end
  end
  return false
end

local function take(name, time)
  local bucket = buckets[name]
  if not bucket then
    bucket = { tokens = burst, at = time }
    buckets[name] = bucket
  end
  local tokens = math.min(burst, bucket.tokens + (time - bucket.at) * rate)
  bucket.at = time
  if tokens < 1 then
    bucket.tokens = tokens
    return false
  end
  bucket.tokens = tokens - 1
  return true
end

function checks.admit()
  local header = var.http_authorization
  local caller = header and header:sub(1, 7) == "Bearer " and callers[hmac_sha1(secret, header:sub(8))]
  if not caller then return refuse(401, -32010, "unknown key") end

  ngx.req.read_body()
  local body = ngx.req.get_body_data()
  local message = body and cjson.decode(body)
  if not message or message.jsonrpc ~= "2.0" then return refuse(400, -32600, "no JSON-RPC") end
  local name = message.params and message.params.name or ""
  local server, tool = name:match("^(.-)__(.+)$")
  if not server then return refuse(400, -32602, "unknown tool") end

  if not (matches(caller.servers, server) and matches(caller.tools, name)) then return refuse(403, -32011, "not permitted") end
  local time = now()
  if not (take("server:" .. caller.id .. ":" .. server, time) and take("key:" .. caller.id, time) and take("organization:" .. caller.organization, time)) then
    return refuse(429, -32012, "limited")
  end

  local first, last = body:find('"' .. name .. '"', 1, true)
  ngx.req.set_body_data(body:sub(1, first) .. tool .. body:sub(last))
  ngx.ctx.label = server .. ":" .. message.method
end

function checks.record()
  local label = ngx.ctx.label
  if not label then return end
  counts[label] = (counts[label] or 0) + 1
  durations[label] = (durations[label] or 0) + tonumber(var.request_time)
end

return checks
