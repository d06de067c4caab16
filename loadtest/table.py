#!/usr/bin/env python3
"""Prints the tables of a comparison from its samples.
usage: table.py SAMPLES, lines of
  program NAME START_MS BYTES IDLE_KIB
  sample ANSWER CONNECTIONS NAME CPU_NS REQUESTS SECONDS P50_US P99_US ERRORS
  loaded NAME KIB
"""
import collections, statistics, sys

samples = collections.defaultdict(list)
programs, loaded = {}, {}
with open(sys.argv[1]) as lines:
    for kind, *values in map(str.split, lines):
        if kind == "program":
            programs[values[0]] = [int(value) for value in values[1:]]
        elif kind == "loaded":
            loaded[values[0]] = int(values[1])
        else:
            answer, size, name, cpu, requests, seconds, p50, p99, errors = values
            samples[answer, int(size), name].append(
                (int(cpu) / 1000 / max(int(requests), 1), int(requests) / float(seconds), int(p50), int(p99), int(errors)))

print("| answer | connections | program | CPU µs/request | ÷ nginx | requests/s | p50 µs | p99 µs | errors |")
print("|---|---|---|---|---|---|---|---|---|")
for (answer, size, name), rows in samples.items():
    cost, rate, p50, p99, _ = (statistics.median(column) for column in zip(*rows))
    nginx = samples.get((answer, size, "nginx"))
    ratio = f"{statistics.median(row[0] / other[0] for row, other in zip(rows, nginx)):.2f}" if nginx else ""
    print(f"| {answer} | {size} | {name} | {cost:.1f} | {ratio} | {rate:,.0f} | {p50:,.0f} | {p99:,.0f} | {sum(row[4] for row in rows)} |")

print("\n| program | first answer ms | size MB | idle MiB | after the load MiB |")
print("|---|---|---|---|---|")
for name, (start, size, idle) in programs.items():
    print(f"| {name} | {start} | {size / 1e6:.1f} | {idle / 1024:.0f} | {loaded[name] / 1024:.0f} |")
