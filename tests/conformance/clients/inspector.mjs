// The gateway as the command line of the official Inspector sees it, on both wires.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { bearer, check, gatewayUrl, stdioCommand, stdioForms, textOf } from './checks.mjs';

const inspector = join(
  import.meta.dirname,
  '../node_modules/@modelcontextprotocol/inspector/clients/launcher/build/index.js',
);

const home = await mkdtemp(join(tmpdir(), 'inspector-')); // the Inspector keeps a catalogue in the home directory

const targets = {
  http: ['--server-url', gatewayUrl, '--transport', 'http', '--header', `Authorization: ${bearer().Authorization}`],
  ...Object.fromEntries(Object.entries(stdioForms).map(([form, { args, env }]) => [
    form,
    [stdioCommand, ...args, ...Object.entries(env).flatMap(([name, value]) => ['-e', `${name}=${value}`])],
  ])),
};

async function inspect(target, era, ...method) {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [inspector, '--cli', ...targets[target], '--protocol-era', era, '--format', 'json', '--quiet', ...method],
    { env: { ...process.env, HOME: home } },
  );
  return JSON.parse(stdout);
}

for (const target of Object.keys(targets)) {
  for (const era of ['legacy', 'modern']) {
    await check(`inspector ${target} ${era}: tools/list`, async () => {
      const { result } = await inspect(target, era, '--method', 'tools/list');
      assert.ok(result.tools.some((tool) => tool.name === 'everything__echo'));
    });

    await check(`inspector ${target} ${era}: tools/call`, async () => {
      const { result } = await inspect(target, era, '--method', 'tools/call', '--tool-name', 'everything__echo', '--tool-arg', 'message=hello');
      assert.equal(textOf(result), 'Echo: hello');
    });
  }
}

await rm(home, { recursive: true, force: true });
