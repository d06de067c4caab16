"""A scripted MCP server on stdin and stdout, of revision 2025-11-25."""
import json
import os
import sys


def send(message):
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


def text(value):
    return {"content": [{"type": "text", "text": value}]}


def call(name, arguments):
    if name == "echo":
        return {**text(json.dumps(arguments)), "structuredContent": arguments}
    if name == "environment":
        return text(os.environ.get(arguments["name"], ""))
    if name == "pid":
        return text(str(os.getpid()))
    if name == "crash":
        os.abort() if arguments.get("abort") else os._exit(3)
    if name == "complain":
        print("stdio upstream complains: " + arguments.get("words", ""), file=sys.stderr, flush=True)
        return text("complained")
    return None


def answer(method, params):
    if method == "initialize":
        return {"protocolVersion": "2025-11-25", "capabilities": {"tools": {}}, "serverInfo": {"name": "stdio", "version": "1"}}
    if method == "ping":
        return {}
    if method == "tools/list":
        names = ["echo", "environment", "pid", "crash", "complain", "hang"]
        return {"tools": [{"name": name, "inputSchema": {"type": "object"}} for name in names]}
    if method == "tools/call":
        return call(params["name"], params.get("arguments", {}))
    return None


for line in sys.stdin:
    request = json.loads(line)
    if "id" not in request or "method" not in request:
        continue
    if request["method"] == "tools/call" and request["params"]["name"] == "hang":
        continue
    result = answer(request["method"], request.get("params", {}))
    if result is None:
        send({"jsonrpc": "2.0", "id": request["id"], "error": {"code": -32601, "message": "Method not found"}})
    else:
        send({"jsonrpc": "2.0", "id": request["id"], "result": result})
