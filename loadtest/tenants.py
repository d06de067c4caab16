#!/usr/bin/env python3
"""Creates tenants through the administration API of a running gateway: each with an organization, a workspace, a server t1, t2, … and a key.
usage: tenants.py GATEWAY ADMIN_KEY UPSTREAM COUNT     prints KEYS=key,key,… and LIMITED_KEY=key (of the first tenant, 600 a minute)
"""
import json, sys, urllib.request

gateway, admin, upstream, count = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])


def create(what, **body):
    request = urllib.request.Request(f"{gateway}/api/v1/{what}", json.dumps(body).encode(),
                                     {"Authorization": f"Bearer {admin}", "Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


keys = []
limited = None
for number in range(1, count + 1):
    organization = create("organizations", name=f"tenant-{number}")["id"]
    workspace = create("workspaces", organizationId=organization, name="main")["id"]
    create("servers", workspaceId=workspace, name=f"t{number}", url=upstream)
    tools = {"allow": ["t*__*"]}
    limits = {"requestsPerMinute": 10000000, "burst": 10000000}
    keys.append(create("keys", workspaceId=workspace, name="load", tools=tools, limits=limits)["key"])
    limited = limited or create("keys", workspaceId=workspace, name="limited", tools=tools, limits={"requestsPerMinute": 600, "burst": 100})["key"]
print(f"KEYS={','.join(keys)}\nLIMITED_KEY={limited}")
