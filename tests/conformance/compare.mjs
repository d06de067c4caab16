// Compares what the conformance suite says of a server with what it says of the same server behind the gateway.
//
//   node compare.mjs --requirements REVISION --direct URL --gateway URL [--key KEY] [--list NAME]
//
// Prints one table. Fails if a scenario passes directly and fails through the gateway; see report.mjs. --list names the list in open.json (default:
// the revision).

import { parseArgs } from 'node:util';
import { report } from './report.mjs';
import { runServerLeg, scenariosOf, summarize } from './suite.mjs';
import { startForwarder } from './with-key.mjs';

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
process.exitCode = (await report({ list, columns: ['direct', 'gateway'], rows: await compare() })) ? 0 : 1;

async function compare() {
  const scenarios = await scenariosOf(options.requirements, 'server');
  const direct = await run('directly', options.direct);

  // The suite sends no credentials.
  const forwarder = options.key && (await startForwarder({ target: options.gateway, key: options.key }));
  const gateway = await run('through the gateway', forwarder?.url ?? options.gateway);
  forwarder?.stop();

  return scenarios.map(({ name, scored }) => rowOf(name, scored, summarize(direct.get(name)), summarize(gateway.get(name))));
}

function rowOf(name, scored, direct, gateway) {
  const isWorse = (direct.passed && !gateway.passed) || gateway.warned > direct.warned;
  return { name, scored, cells: [direct, gateway], passed: gateway.passed, owed: direct.passed, complaints: isWorse ? gateway.complaints : [] };
}

async function run(how, url) {
  const started = Date.now();
  console.error(`${options.requirements}: running the suite ${how}, at ${url}`);
  const results = await runServerLeg(url, options.requirements);
  console.error(`${options.requirements}: ${results.size} scenarios in ${Math.round((Date.now() - started) / 1000)} s`);
  return results;
}
