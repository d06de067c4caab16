#!/usr/bin/env python3
"""Measures what a large registry costs beside an almost empty one, with the same binary, upstream and load, interleaved, and prints one table.

   loadtest/scale.py                                        1,000 servers, 100 tools each, 10,000 keys
   SERVERS=100 TOOLS=10 KEYS=1000 ROUNDS=3 loadtest/scale.py

NATIVE_GATEWAY_BINARY names the binary (default: artifacts/native/native-gateway). eng/prerequisites.sh --load installs wrk.
Servers come in by `servers import`, keys by `restore` of a backup whose one key was multiplied: all of it the gateway's own work."""
import hashlib, json, os, pathlib, re, socket, statistics, subprocess, sys, tempfile, time, urllib.error, urllib.request

HERE = pathlib.Path(__file__).resolve().parent
BINARY = os.path.abspath(os.environ.get("NATIVE_GATEWAY_BINARY", HERE.parent / "artifacts/native/native-gateway"))
SERVERS, TOOLS, KEYS = (int(os.environ.get(name, default)) for name, default in (("SERVERS", 1000), ("TOOLS", 100), ("KEYS", 10_000)))
ROUNDS, SECONDS = int(os.environ.get("ROUNDS", 5)), int(os.environ.get("SECONDS_EACH", 3))
CHANGES = 20
BASE = int(os.environ.get("BASE_PORT", 17800))
LIMITS = {"limits": {"requestsPerMinute": 1_000_000, "burst": 1_000_000}}


class Registry:
    def __init__(self, root, name, port):
        self.name, self.port, self.directory = name, port, root / name
        self.directory.mkdir()
        self.config = self.directory / "gateway.json"
        self.config.write_text(json.dumps(LIMITS))
        self.process = self.key = None
        self.rows = {}

    def run(self, *arguments):
        done = subprocess.run([BINARY, *arguments, "--data", self.directory / "data"], cwd=self.directory, capture_output=True, text=True)
        if done.returncode:
            sys.exit(f"{' '.join(map(str, arguments))}: {done.stderr}{done.stdout}")
        return done.stdout

    def start(self):
        """Seconds from the start of the process to its first answer."""
        log = open(self.directory / "gateway.log", "ab")
        begun = time.perf_counter()
        self.process = subprocess.Popen(
            [BINARY, "serve", "--config", self.config, "--data", self.directory / "data", "--listen", f"http://127.0.0.1:{self.port}", "--log-level", "warning"],
            cwd=self.directory, stdout=subprocess.PIPE, stderr=log, text=True)
        for line in self.process.stdout:
            if match := re.search(r"ngw_[0-9A-Za-z]{12}_[0-9A-Za-z]{49}", line):
                self.key = match[0]
            if "listening on" in line:
                break
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/health/live", timeout=60) as answer:
            answer.read()
        return time.perf_counter() - begun

    def stop(self):
        if self.process:
            self.process.terminate()
            self.process.wait(60)
            self.process.stdout.close()
            self.process = None

    def ask(self, path, body=None, method=None, more=None):
        headers = {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json", "Accept": "application/json, text/event-stream"} | (more or {})
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=120) as answer:
                return answer.status, json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as refused:
            return refused.code, json.loads(refused.read() or b"null")

    def list_tools(self):
        """How many tools there are, and the seconds that the first page and all pages took."""
        count, cursor, begun, first = 0, None, time.perf_counter(), None
        while True:
            _, page = self.ask("/mcp", {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {"cursor": cursor} if cursor else {}})
            first = first or time.perf_counter() - begun
            if "error" in page:  # The list has changed in the meantime.
                count, cursor = 0, None
                continue
            count += len(page["result"]["tools"])
            cursor = page["result"].get("nextCursor")
            if not cursor:
                return count, first, time.perf_counter() - begun

    def cpu(self):
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(") ", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory(self):
        return int(re.search(r"VmRSS:\s+(\d+)", pathlib.Path(f"/proc/{self.process.pid}/status").read_text())[1]) / 1024

    def note(self, what, value):
        self.rows.setdefault(what, []).append(value)


def until(what, ask, seconds=300):
    begun = time.perf_counter()
    while not ask():
        if time.perf_counter() - begun > seconds:
            sys.exit(f"gave up waiting until {what}")
        time.sleep(0.002)
    return time.perf_counter() - begun


def listens(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def fill(registry, servers):
    """Starts it once for its key, then adds servers by the command line and keys by a backup."""
    registry.start()
    registry.stop()
    registry.config.write_text(json.dumps(LIMITS | {"mcpServers": {"fast": {"url": f"http://127.0.0.1:{BASE}/mcp"}}}))
    if not servers:
        return
    client = registry.directory / "client.json"
    client.write_text(json.dumps({"mcpServers": {f"s{n:04}": {"url": f"http://127.0.0.1:{BASE + 1}/mcp"} for n in range(servers)}}))
    begun = time.perf_counter()
    registry.run("servers", "import", client)
    imported = time.perf_counter()
    backup = registry.directory / "backup.jsonl"
    registry.run("backup", backup)
    multiply_keys(backup, KEYS - ROUNDS)  # Each round makes one more; 10,000 is all that there may be.
    registry.run("restore", backup, "--force")
    print(f"filled: {servers} servers imported in {imported - begun:.1f} s, {KEYS} keys restored in {time.perf_counter() - imported:.1f} s", file=sys.stderr)


def multiply_keys(backup, count):
    lines, table = [], None
    for line in backup.read_text().splitlines():
        row = json.loads(line)
        table = row.get("table", table) if isinstance(row, dict) else table
        lines.append(line)
        if isinstance(row, list) and table == "api_keys":
            lines += [json.dumps([f"Key{n:09}", *row[1:]]) for n in range(count - 1)]
    lines.pop()
    rows = sum(line.startswith("[") for line in lines)
    body = "".join(f"{line}\n" for line in lines)
    backup.write_text(body + json.dumps({"rows": rows, "sha256": hashlib.sha256(body.encode()).hexdigest()}, separators=(",", ":")) + "\n")


def load(registry):
    """CPU microseconds per call at 32 connections."""
    before = registry.cpu()
    run = subprocess.run(
        ["wrk", "-t1", "-c32", f"-d{SECONDS}s", "-s", HERE / "call.lua", f"http://127.0.0.1:{registry.port}"],
        env=os.environ | {"KEY": registry.key, "TOOL": "small"}, capture_output=True, text=True, check=True)
    _, requests, p50, p99, errors = re.search(r"^RESULT.*", run.stdout, re.M)[0].split()
    if int(errors):
        sys.exit(f"{registry.name}: {errors} calls failed")
    registry.note("CPU per call, µs", (registry.cpu() - before) * 1e6 / int(requests))
    registry.note("p99 of a call, ms", int(p99) / 1000)


def change(registry):
    """Makes a key, revokes it, and sees both take effect."""
    begun = time.perf_counter()
    status, made = registry.ask("/api/v1/keys", {"name": f"k{time.monotonic_ns()}"})
    if status != 201:
        sys.exit(f"{registry.name}: {made}")
    registry.note("making a key, ms", (time.perf_counter() - begun) * 1000)
    ping = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
    own, registry.key = registry.key, made["key"]
    until("a new key works", lambda: registry.ask("/mcp", ping)[0] == 200)
    registry.key = own
    begun = time.perf_counter()
    registry.ask(f"/api/v1/keys/{made['id']}/revoke", method="POST")
    registry.key = made["key"]
    until("a revoked key is refused", lambda: registry.ask("/mcp", ping)[0] == 401)
    registry.key = own
    registry.note("revoking a key until it is refused, ms", (time.perf_counter() - begun) * 1000)


def change_server(registry):
    """Changes one server again and again: each answer says that the change is in use."""
    status, made = registry.ask("/api/v1/servers", {"name": "changed", "url": "https://server.example/mcp", "disabled": True})
    if status != 201:
        sys.exit(f"{registry.name}: {made}")
    path = f"/api/v1/servers/{made['id']}"
    used, begun = registry.cpu(), time.perf_counter()
    for seconds in range(CHANGES):
        status, answer = registry.ask(path, {"timeout": f"{40 + seconds}s"}, "PATCH", {"If-Match": "*"})
        if status != 200:
            sys.exit(f"{registry.name}: {answer}")
    registry.note("changing a server, ms", (time.perf_counter() - begun) * 1000 / CHANGES)
    time.sleep(1)  # For what goes on behind the answer.
    registry.note("CPU of that, ms", (registry.cpu() - used) * 1000 / CHANGES)
    registry.ask(path, method="DELETE", more={"If-Match": "*"})


def measure(registry, tools):
    registry.note("start to first answer, ms", registry.start() * 1000)
    registry.note("CPU until then, ms", registry.cpu() * 1000)
    call = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "fast__small", "arguments": {}}}
    registry.note("start to first call answered, ms more", until("a call is answered", lambda: registry.ask("/mcp", call)[0] == 200) * 1000)
    until("all tools are listed", lambda: registry.list_tools()[0] == tools)
    _, first, whole = registry.list_tools()
    registry.note("first page of tools/list, ms", first * 1000)
    registry.note("all of tools/list, ms", whole * 1000)
    for what in ("keys", "servers"):
        begun = time.perf_counter()
        registry.ask(f"/api/v1/{what}?limit=200")
        registry.note(f"a page of {what} by the API, ms", (time.perf_counter() - begun) * 1000)
    registry.note("memory (RSS) after listing, MiB", registry.memory())
    load(registry)
    change(registry)
    change_server(registry)
    registry.note("memory (RSS) at the end, MiB", registry.memory())
    registry.stop()


def main():
    with tempfile.TemporaryDirectory() as directory:
        root = pathlib.Path(directory)
        subprocess.run(["clang", "-O2", "-o", root / "upstream", HERE / "upstream.c"], check=True)
        upstreams = [subprocess.Popen([root / "upstream", str(BASE)]), subprocess.Popen([root / "upstream", str(BASE + 1), str(TOOLS)])]
        registries = [Registry(root, "small", BASE + 2), Registry(root, "large", BASE + 3)]
        try:
            until("the upstreams listen", lambda: listens(BASE) and listens(BASE + 1), 10)
            fill(registries[0], 0)
            fill(registries[1], SERVERS - 1)  # The last of as many as there may be is made and changed by each round.
            for _ in range(ROUNDS):
                measure(registries[0], 3)
                measure(registries[1], 3 + (SERVERS - 1) * TOOLS)
        finally:
            for registry in registries:
                registry.stop()
            for upstream in upstreams:
                upstream.kill()
    print(f"Medians of {ROUNDS} rounds.\n\n| what | 1 server, 1 key | {SERVERS:,} servers, {SERVERS * TOOLS:,} tools, {KEYS:,} keys |\n|---|---|---|")
    for what, values in registries[0].rows.items():
        print(f"| {what} | {statistics.median(values):,.1f} | {statistics.median(registries[1].rows[what]):,.1f} |")


if __name__ == "__main__":
    main()
