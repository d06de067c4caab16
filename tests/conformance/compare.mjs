// Compares what the conformance suite says of a server with what it says of the same server behind the gateway.
//
//   node compare.mjs --requirements REVISION --direct URL --gateway URL [--key KEY] [--list NAME]
//
// Prints one table. Fails if a scenario passes directly and fails through the gateway, unless open.json lists it
// with a reason; fails also if a listed one passes, so that the list only shrinks. --list names the list in
// open.json (default: the revision).

import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { runServerLeg, serverScenarios, summarize } from './suite.mjs';
import { startForwarder } from './with-key.mjs';

const COMPLAINT_LENGTH = 300;

const { values: options } = parseArgs({
  options: {
    requirements: { type: 'string' },
    direct: { type: 'string' },
    gateway: { type: 'string' },
    key: { type: 'string' },
    list: { type: 'string' },
  },
});
if (!options.requirements || !options.direct || !options.gateway) {
  console.error('usage: compare.mjs --requirements REVISION --direct URL --gateway URL [--key KEY] [--list NAME]');
  process.exit(64);
}

const list = options.list ?? options.requirements;
const open = JSON.parse(await readFile(new URL('open.json', import.meta.url), 'utf8'))[list] ?? {};

const rows = await compare();
printTable(rows);
printComplaints(rows);
process.exitCode = judge(rows) ? 0 : 1;

async function compare() {
  const scenarios = await serverScenarios(options.requirements);
  const direct = await run('directly', options.direct);

  // The suite sends no credentials.
  const forwarder = options.key && (await startForwarder({ target: options.gateway, key: options.key }));
  const gateway = await run('through the gateway', forwarder?.url ?? options.gateway);
  forwarder?.stop();

  return scenarios.map(({ name, scored }) => {
    const row = { name, scored, direct: summarize(direct.get(name)), gateway: summarize(gateway.get(name)) };
    return { ...row, verdict: verdictOf(row) };
  });
}

async function run(how, url) {
  const started = Date.now();
  console.error(`${options.requirements}: running the suite ${how}, at ${url}`);
  const results = await runServerLeg(url, options.requirements);
  console.error(`${options.requirements}: ${results.size} scenarios in ${Math.round((Date.now() - started) / 1000)} s`);
  return results;
}

function verdictOf({ name, direct, gateway }) {
  if (name in open) return gateway.passed ? 'closed' : 'open';
  return direct.passed && !gateway.passed ? 'broken' : 'fine';
}

function remark({ name, verdict }) {
  return { broken: 'BROKEN BY THE GATEWAY', closed: 'LISTED AS OPEN, BUT PASSES', open: `open: ${open[name]}`, fine: '' }[verdict];
}

function printTable(rows) {
  const cells = rows.map((row) => [row.scored ? row.name : `(${row.name})`, row.direct.text, row.gateway.text, remark(row)]);
  const table = [[list, 'direct', 'gateway', ''], ...cells];
  const widths = [0, 1, 2].map((column) => Math.max(...table.map((line) => line[column].length)));
  for (const line of table) console.log(line.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ').trimEnd());
  const count = (side, scored) => rows.filter((row) => row[side].passed && row.scored === scored).length;
  const total = (scored) => rows.filter((row) => row.scored === scored).length;
  for (const side of ['direct', 'gateway']) {
    console.log(`${side}: ${count(side, true)} of ${total(true)} scored, ${count(side, false)} of ${total(false)} (not scored) pass`);
  }
}

/** What the suite has to say about scenarios that come out worse through the gateway. */
function printComplaints(rows) {
  const worse = rows.filter((row) => row.verdict === 'broken' || (row.verdict === 'fine' && row.gateway.warned > row.direct.warned));
  for (const { name, gateway } of worse) {
    console.log(`\n${name}`);
    for (const complaint of gateway.complaints) console.log(`  ${complaint.slice(0, COMPLAINT_LENGTH)}`);
  }
}

function judge(rows) {
  const unknown = Object.keys(open).filter((name) => !rows.some((row) => row.name === name));
  for (const name of unknown) console.log(`open.json lists ${name}, which is no scenario of ${options.requirements}`);
  return unknown.length === 0 && rows.every(({ verdict }) => verdict === 'fine' || verdict === 'open');
}
