// Runs the server leg of the official conformance suite and reads the results that it writes as files.

import { spawn } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';

const packageRoot = join(import.meta.dirname, 'node_modules', '@modelcontextprotocol', 'conformance');

/** Some requests of the suite have no time limit of their own. */
const TIMEOUT_MS = 10 * 60_000;

/** The scenarios of a revision's server leg, in the suite's order: { name, scored }. */
export async function serverScenarios(revision) {
  const set = parse(await readFile(join(packageRoot, 'requirements', `${revision}.yaml`), 'utf8'));
  const unscored = set.not_scored.filter((entry) => entry.leg === 'server').map((entry) => entry.scenario);
  return [...set.server.map((name) => ({ name, scored: true })), ...unscored.map((name) => ({ name, scored: false }))];
}

/** Runs a revision's server leg against a URL; resolves with a map: scenario → its checks. */
export async function runServerLeg(url, revision) {
  const output = await mkdtemp(join(tmpdir(), 'conformance-'));
  try {
    await runSuite(['server', '--url', url, '--requirements', revision, '--output-dir', output]);
    return await readResults(output);
  } finally {
    await rm(output, { recursive: true, force: true });
  }
}

/** The exit code says no more than the results do. What the suite prints is for people, and dropped. */
function runSuite(args) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [join(packageRoot, 'dist', 'index.js'), ...args], { stdio: 'ignore' });
    const timer = setTimeout(() => child.kill(), TIMEOUT_MS);
    child.on('error', reject);
    child.on('exit', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

/** One directory per scenario, named server-SCENARIO-TIME; a scenario that crashed leaves no checks in it. */
async function readResults(output) {
  const results = new Map();
  for (const directory of await readdir(output)) {
    const scenario = directory.replace(/^server-/, '').replace(/-\d{4}-\d{2}-\d{2}T.*$/, '');
    try {
      results.set(scenario, JSON.parse(await readFile(join(output, directory, 'checks.json'), 'utf8')));
    } catch (error) {
      if (error.code !== 'ENOENT') throw error;
    }
  }
  return results;
}

/** Sums up a scenario's checks; a scenario without any did not come to an end, and has failed. */
export function summarize(checks) {
  if (!checks) return { passed: false, text: 'no result', warned: 0, complaints: [] };
  const failures = checks.filter((check) => check.status === 'FAILURE');
  const warnings = checks.filter((check) => check.status === 'WARNING');
  const judged = checks.filter((check) => ['SUCCESS', 'FAILURE'].includes(check.status));
  const counts = `${judged.length - failures.length}/${judged.length}`;
  return {
    passed: failures.length === 0,
    text: `${failures.length === 0 ? 'pass' : 'FAIL'} ${counts}${warnings.length > 0 ? `, ${warnings.length} warned` : ''}`,
    warned: warnings.length,
    complaints: [...failures, ...warnings].map((check) => `${check.id}: ${check.errorMessage ?? check.description}`),
  };
}
