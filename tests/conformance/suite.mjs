// Runs the official conformance suite and reads the results that it writes as files.

import { spawn } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { parse } from 'yaml';

const packageRoot = join(import.meta.dirname, 'node_modules', '@modelcontextprotocol', 'conformance');

/** Some requests of the suite have no time limit of their own. */
const TIMEOUT_MS = 10 * 60_000;

/** For one scenario of the client leg. */
const CLIENT_TIMEOUT_MS = 60_000;

/** The scenarios of a revision's leg ("server" or "client"), in the suite's order: { name, scored }. */
export async function scenariosOf(revision, leg) {
  const set = parse(await readFile(join(packageRoot, 'requirements', `${revision}.yaml`), 'utf8'));
  const unscored = set.not_scored.filter((entry) => entry.leg === leg).map((entry) => entry.scenario);
  return [...set[leg].map((name) => ({ name, scored: true })), ...unscored.map((name) => ({ name, scored: false }))];
}

/** Runs a revision's server leg against a URL; resolves with a map: scenario → what became of it. */
export const runServerLeg = (url, revision) => run('server', revision, ['--url', url]);

/**
 * Runs a revision's client leg, all scenarios at once, with a command (no shell syntax, no spaces within words) that gets a URL as its last
 * argument; resolves with a map: scenario → what became of it. What the command writes to stderr counts as a failure.
 */
export const runClientLeg = (command, revision) =>
  run('client', revision, ['--command', command.join(' '), '--timeout', `${CLIENT_TIMEOUT_MS}`]);

async function run(leg, revision, args) {
  const output = await mkdtemp(join(tmpdir(), 'conformance-'));
  try {
    await runSuite([leg, '--requirements', revision, '--output-dir', output, ...args]);
    return await readResults(output, leg);
  } finally {
    await rm(output, { recursive: true, force: true });
  }
}

/**
 * The exit code says no more than the results do. What the suite prints is for people, and dropped. Its own servers would listen on every
 * interface.
 */
function runSuite(args) {
  return new Promise((resolve, reject) => {
    const loopback = ['--import', join(import.meta.dirname, 'clients', 'loopback.mjs')];
    const child = spawn(process.execPath, [...loopback, join(packageRoot, 'dist', 'index.js'), ...args], { stdio: 'ignore' });
    const timer = setTimeout(() => child.kill(), TIMEOUT_MS);
    child.on('error', reject);
    child.on('exit', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

/**
 * A directory for each scenario, whose name may hold a slash: SCENARIO-TIME in the client leg, server-SCENARIO-TIME in the other. A scenario that
 * crashed leaves no checks in it.
 */
async function readResults(output, leg) {
  const results = new Map();
  for (const file of await readdir(output, { recursive: true })) {
    if (basename(file) !== 'checks.json') continue;
    const directory = dirname(file);
    const scenario = directory.replace(leg === 'server' ? /^server-/ : /^/, '').replace(/-\d{4}-\d{2}-\d{2}T.*$/, '');
    const checks = JSON.parse(await readFile(join(output, file), 'utf8'));
    const complaint = leg === 'client' ? await readFile(join(output, directory, 'stderr.txt'), 'utf8') : '';
    results.set(scenario, { checks, complaint: complaint.trim() });
  }
  return results;
}

/** Sums up what became of a scenario; one without any checks did not come to an end, and has failed. */
export function summarize(result) {
  if (!result) return { passed: false, text: 'no result', warned: 0, complaints: [] };
  const { checks, complaint } = result;
  const failures = checks.filter((check) => check.status === 'FAILURE');
  const warnings = checks.filter((check) => check.status === 'WARNING');
  const judged = checks.filter((check) => ['SUCCESS', 'FAILURE'].includes(check.status));
  const passed = failures.length === 0 && complaint === '';
  const counts = `${judged.length - failures.length}/${judged.length}`;
  return {
    passed,
    text: `${passed ? 'pass' : 'FAIL'} ${counts}${warnings.length > 0 ? `, ${warnings.length} warned` : ''}`,
    warned: warnings.length,
    complaints: [
      ...[...failures, ...warnings].map((check) => `${check.id}: ${check.errorMessage ?? check.description}`),
      ...(complaint ? [complaint] : []),
    ],
  };
}
