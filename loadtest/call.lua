-- One tools/call; the tool, the key and the session, where the program needs one, come from the environment.
wrk.method = "POST"
wrk.path = "/mcp"
wrk.headers["Content-Type"] = "application/json"
wrk.headers["Accept"] = "application/json, text/event-stream"
wrk.headers["MCP-Protocol-Version"] = "2025-06-18"
wrk.headers["Authorization"] = "Bearer " .. (os.getenv("KEY") or "none")
if (os.getenv("SESSION") or "") ~= "" then wrk.headers["Mcp-Session-Id"] = os.getenv("SESSION") end
wrk.body = string.format(
  '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"fast__%s","arguments":{"text":"%s"}}}', os.getenv("TOOL"), string.rep("a", 90))

done = function(summary, latency)
  io.write(string.format("RESULT %d %d %.0f %d\n", summary.requests, latency:percentile(50), latency:percentile(99),
    summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.status + summary.errors.timeout))
end
