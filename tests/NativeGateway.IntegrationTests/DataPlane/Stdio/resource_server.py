"""A scripted MCP server with one resource.

Usage: python3 resource_server.py ERA

ERA is legacy or modern. The tool "update" tells the subscribers of the resource that it has changed, the tool "die" ends the process.
"""
import json
import os
import sys

is_modern = sys.argv[1] == "modern"
subscriptions = []


def send(message):
    print(json.dumps({"jsonrpc": "2.0", **message}), flush=True)


def update():
    for meta in subscriptions:
        send({"method": "notifications/resources/updated", "params": {"uri": "file:///a", **meta}})


for line in sys.stdin:
    request = json.loads(line)
    method = request.get("method")
    result = None
    if method == "server/discover" and is_modern:
        result = {"supportedVersions": ["2026-07-28"], "capabilities": {"tools": {}, "resources": {"subscribe": True}}, "resultType": "complete"}
    elif method == "initialize" and not is_modern:
        result = {"protocolVersion": "2025-11-25", "capabilities": {"tools": {}, "resources": {"subscribe": True}}, "serverInfo": {"name": "r", "version": "1"}}
    elif method == "resources/subscribe" and not is_modern:
        subscriptions.append({})
        result = {}
    elif method == "subscriptions/listen" and is_modern:
        meta = {"_meta": {"io.modelcontextprotocol/subscriptionId": request["id"]}}
        subscriptions.append(meta)
        send({"method": "notifications/subscriptions/acknowledged", "params": {**meta, "notifications": {"resourceSubscriptions": ["file:///a"]}}})
        continue
    elif method == "tools/call" and request["params"]["name"] == "die":
        os._exit(1)
    elif method == "tools/list":
        result = {"tools": [{"name": name, "inputSchema": {"type": "object"}} for name in ("update", "die")], "resultType": "complete"}
    elif method == "resources/list":
        result = {"resources": [], "resultType": "complete"}
    elif method == "resources/templates/list":
        result = {"resourceTemplates": [], "resultType": "complete"}
    elif method == "tools/call":
        update()
        result = {"content": [{"type": "text", "text": "done"}], "resultType": "complete"}
    if "id" in request and method is not None:
        send({"id": request["id"], "result": result} if result is not None else {"id": request["id"], "error": {"code": -32601, "message": "no"}})
