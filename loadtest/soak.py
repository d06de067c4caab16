#!/usr/bin/env python3
"""Judges a soak: prints memory over calls, its slope and the answers by kind; exits 1 when memory grows or an answer is unexplained.
usage: soak.py PIECES KINDS ALLOWED_KIB     lines of: calls so far, ns of CPU per call, resident KiB, p50 µs, p99 µs; and: KIND count kind
"""
import collections, sys

with open(sys.argv[1]) as lines:
    pieces = [[int(value) for value in line.split()] for line in lines]
kinds = collections.Counter()
with open(sys.argv[2]) as lines:
    for _, number, kind in (line.rstrip("\n").split(" ", 2) for line in lines):
        kinds[kind] += int(number)

total = pieces[-1][0]
points = [(calls / 1e6, memory) for calls, _, memory, _, _ in pieces if calls >= total / 5]
mean_x, mean_y = (sum(column) / len(points) for column in zip(*points))
spread = sum((x - mean_x) ** 2 for x, _ in points)
slope = sum((x - mean_x) * (y - mean_y) for x, y in points) / spread if spread else 0.0
allowed = float(sys.argv[3])
unexplained = sum(number for kind, number in kinds.items() if kind.startswith("unexplained"))

print(f"{total:,} calls, {unexplained} answers unexplained, memory {'flat' if slope <= allowed else 'GROWING'}: "
      f"{slope:+.0f} KiB per million calls (allowed: {allowed:.0f}), {pieces[-1][2] / 1024:.0f} MiB at the end.\n")
print("| answers | count |\n|---|---|")
for kind, number in sorted(kinds.items()):
    print(f"| {kind} | {number:,} |")
print("\n| million calls | resident MiB | CPU µs/call | p50 µs | p99 µs |\n|---|---|---|---|---|")
for calls, cost, memory, p50, p99 in pieces:
    print(f"| {calls / 1e6:.2f} | {memory / 1024:.1f} | {cost / 1000:.1f} | {p50:,} | {p99:,} |")
sys.exit(0 if slope <= allowed and unexplained == 0 else 1)
