"""An MCP server over stdio that misbehaves on demand.

    scripted_server.py ERA [DIARY]

ERA is how it takes to being probed:
    legacy          refuses server/discover, answers initialize
    modern          answers server/discover, refuses initialize
    modern-changing the same, and its lists change as soon as somebody listens
    modern-ending   the same, but it ends the first listening at once, and a list changes when somebody listens again
    modern-late     answers server/discover only when initialize has arrived, which it refuses
    exits           exits on server/discover, answers initialize
    silent          never answers server/discover, answers initialize
    mute            never answers anything
    future          answers initialize with a revision that does not exist
    dies            exits at once with code 9
DIARY, if given, is a file to which every process appends a line when it starts.
What tools/call does is said by the tool's name; see the functions below.
"""
import json
import os
import subprocess
import sys
import time

era = sys.argv[1]
cancelled = []
listened = []
held = []
answers = {}
asking = None
eliciting = None
capabilities = None
listening = None

if len(sys.argv) > 2:
    with open(sys.argv[2], "a") as diary:
        diary.write(f"{os.getpid()}\n")


def write(text):
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def send(message):
    write(json.dumps({"jsonrpc": "2.0", **message}))


def respond(request, result):
    send({"id": request["id"], "result": result})


def refuse(request, code=-32601):
    send({"id": request["id"], "error": {"code": code, "message": "no"}})


def text(request, value):
    respond(request, {"content": [{"type": "text", "text": str(value)}]})


def notify(method, params):
    send({"method": "notifications/" + method, "params": params})


def progress(request, value):
    notify("progress", {"progressToken": request["params"]["_meta"]["progressToken"], "progress": value})


def discover(request):
    respond(request, {
        "supportedVersions": ["2026-07-28"], "capabilities": {"tools": {"listChanged": era in ("modern-changing", "modern-ending")}}, "resultType": "complete", "instructions": "Be modern.",
        "_meta": {"io.modelcontextprotocol/serverInfo": {"name": "scripted", "version": "1"}}})


def initialize(request):
    global capabilities
    capabilities = request["params"]["capabilities"]
    respond(request, {
        "protocolVersion": "2999-01-01" if era == "future" else "2025-11-25",
        "capabilities": {"tools": {"listChanged": True}}, "serverInfo": {"name": "scripted", "version": "1"},
        "instructions": "Be legacy."})


form = {"message": "Who?", "requestedSchema": {"type": "object", "properties": {"name": {"type": "string"}}}}


def call(request):
    global asking, eliciting
    tool = request["params"]["name"]
    arguments = request["params"].get("arguments", {})
    if tool == "echo":
        text(request, arguments["message"])
    elif tool == "params":
        text(request, json.dumps(request["params"]))
    elif tool == "die":
        print("the end is near", file=sys.stderr, flush=True)
        os._exit(7)
    elif tool == "hang":
        held.append(request)
    elif tool == "release":
        for waiting in held:
            text(waiting, "late")
        text(request, len(held))
    elif tool == "progress":
        for step in range(arguments["steps"]):
            progress(request, step)
        text(request, "done")
    elif tool == "crossed":
        # Progress and answers of what was held, in reverse order.
        for waiting in reversed(held):
            progress(waiting, waiting["params"]["arguments"]["value"])
        for waiting in reversed(held):
            text(waiting, waiting["params"]["arguments"]["value"])
        held.clear()
        text(request, "done")
    elif tool == "log":
        notify("message", {"level": "info", "data": arguments["data"]})
        text(request, "done")
    elif tool == "changes":
        notify("tools/list_changed", {})
        notify("resources/updated", {"uri": "x://y"})
        text(request, "done")
    elif tool == "garbage":
        write("Server is listening...")
        write("{\"jsonrpc\":\"2.0\",\"id\":")
        write("[1,2]")
        write("\ufeff")
        write("")
        send({"id": 999999, "result": {}})
        send({"id": "no number", "result": {}})
        text(request, "done")
    elif tool == "long":
        sys.stdout.write("x" * arguments["bytes"] + "\n")
        text(request, "done")
    elif tool == "stderr":
        for line in arguments["lines"]:
            print(line, file=sys.stderr, flush=True)
        sys.stderr.close()
        text(request, "done")
    elif tool == "secret":
        print("my secret is " + os.environ[arguments["name"]], file=sys.stderr, flush=True)
        os._exit(1)
    elif tool == "deaf":
        text(request, "done")
        sys.stdout.flush()
        while True:
            time.sleep(1000)
    elif tool == "deaf-until-told":
        text(request, "done")
        sys.stdout.flush()
        with open(arguments["fifo"]) as fifo:
            fifo.read()
    elif tool == "close-stdout":
        os.close(1)
        time.sleep(1000)
    elif tool == "spawn":
        child = subprocess.Popen(["sleep", "1000"])
        text(request, child.pid)
    elif tool == "ask":
        asking = request
        send({"id": "p1", "method": "ping"})
        send({"id": 1, "method": "roots/list"})
    elif tool == "capabilities":
        text(request, json.dumps([os.getpid(), capabilities]))
    elif tool == "elicit" and era == "modern":
        if "inputResponses" in request["params"]:
            text(request, json.dumps([request["params"]["requestState"], request["params"]["inputResponses"]]))
        else:
            respond(request, {"resultType": "input_required", "requestState": "s1", "inputRequests": {
                "who": {"method": "elicitation/create", "params": form}}})
    elif tool == "elicit":
        eliciting = request
        send({"id": "e", "method": "elicitation/create", "params": form})
    elif tool == "elicit-and-withdraw":
        send({"id": "e", "method": "elicitation/create", "params": form})
        notify("cancelled", {"requestId": "e"})
        text(request, "done")
    elif tool == "unlisten":
        notify("cancelled", {"requestId": listening})
        text(request, "done")
    elif tool == "cancelled":
        text(request, json.dumps(cancelled))
    else:
        refuse(request, -32602)


def listen(request):
    global listening
    listening = request["id"]
    meta = {"io.modelcontextprotocol/subscriptionId": request["id"]}
    notify("subscriptions/acknowledged", {"_meta": meta, "notifications": {"toolsListChanged": True}})
    listened.append(request)
    if era == "modern-ending" and len(listened) == 1:
        respond(request, {"resultType": "complete", "_meta": meta})
    else:
        notify("tools/list_changed", {"_meta": meta})


def answer(message):
    if message["id"] == "e":
        return text(eliciting, json.dumps(message.get("result", message.get("error", {}).get("code"))))
    answers[str(message["id"])] = message.get("result", message.get("error", {}).get("code"))
    if asking and len(answers) == 2:
        text(asking, json.dumps(answers, sort_keys=True))


if era == "dies":
    os._exit(9)

for line in sys.stdin:
    message = json.loads(line)
    method = message.get("method")
    if era == "mute":
        continue
    if method is None:
        answer(message)
    elif method == "server/discover":
        if era in ("modern", "modern-changing", "modern-ending"):
            discover(message)
        elif era == "modern-late":
            held.append(message)
        elif era == "exits":
            os._exit(3)
        elif era != "silent":
            refuse(message)
    elif method == "initialize":
        if era == "modern-late":
            discover(held.pop())
            refuse(message)
        elif era in ("modern", "modern-changing", "modern-ending"):
            refuse(message)
        else:
            initialize(message)
    elif method == "tools/call":
        call(message)
    elif method == "tools/list":
        respond(message, {"tools": [{"name": "elicit", "inputSchema": {"type": "object"}}]})
    elif method == "subscriptions/listen":
        listen(message)
    elif method == "notifications/cancelled":
        cancelled.append(message["params"]["requestId"])
    elif "id" in message:
        refuse(message)
