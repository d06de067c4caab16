// The gateway as the command line of the official Inspector sees it, on both wires.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { bearer, check, gatewayUrl, textOf } from './checks.mjs';

const inspector = join(
  import.meta.dirname,
  '../node_modules/@modelcontextprotocol/inspector/clients/launcher/build/index.js',
);

const home = await mkdtemp(join(tmpdir(), 'inspector-')); // the Inspector keeps a catalogue in the home directory

async function inspect(era, ...method) {
  const header = `Authorization: ${bearer().Authorization}`;
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [inspector, '--cli', '--server-url', gatewayUrl, '--transport', 'http', '--header', header,
      '--protocol-era', era, '--format', 'json', '--quiet', ...method],
    { env: { ...process.env, HOME: home } },
  );
  return JSON.parse(stdout);
}

for (const era of ['legacy', 'modern']) {
  await check(`inspector ${era}: tools/list`, async () => {
    const { result } = await inspect(era, '--method', 'tools/list');
    assert.ok(result.tools.some((tool) => tool.name === 'everything__echo'));
  });

  await check(`inspector ${era}: tools/call`, async () => {
    const { result } = await inspect(era, '--method', 'tools/call', '--tool-name', 'everything__echo', '--tool-arg', 'message=hello');
    assert.equal(textOf(result), 'Echo: hello');
  });
}

await rm(home, { recursive: true, force: true });
