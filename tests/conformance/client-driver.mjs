// The command that the conformance suite runs as "the client" in its client leg, with the URL of the server that judges:
//
//   node client-driver.mjs REVISION URL
//
// Starts a gateway with that server as its only upstream and drives it as a client of REVISION; what the suite judges is what the gateway sends
// upstream. Environment: GATEWAY_BINARY, and what the suite sets (MCP_CONFORMANCE_SCENARIO, MCP_CONFORMANCE_CONTEXT). Exits non-zero, with the reason
// on stderr, when the client did not get what it should.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { scenarios } from './client-scenarios.mjs';

const [revision, upstream] = process.argv.slice(2);
const name = process.env.MCP_CONFORMANCE_SCENARIO;
const context = JSON.parse(process.env.MCP_CONFORMANCE_CONTEXT ?? '{}');

const scenario = scenarios[name];
if (!scenario) {
  console.error(`nobody drives the scenario ${name}`);
  process.exit(1);
}

const directory = await mkdtemp(join(tmpdir(), 'client-leg-'));
let gateway;
try {
  gateway = await startGateway();
  const client = await connect(`${gateway.url}/mcp/judge`);
  await scenario.drive(client, context);
  await client.close();
} catch (error) {
  console.error(error.message ?? String(error));
  process.exitCode = 1;
} finally {
  await gateway?.stop();
  await rm(directory, { recursive: true, force: true });
}

/** Starts the gateway on a port of its own choice; resolves with its URL and a function that stops it. */
async function startGateway() {
  const config = join(directory, 'gateway.json');
  await writeFile(config, JSON.stringify({ mcpServers: { judge: { url: upstream } } }));
  const child = spawn(
    process.env.GATEWAY_BINARY,
    ['serve', '--config', config, '--data', directory, '--listen', 'http://127.0.0.1:0', '--no-auth', '--log-level', 'error'],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const ended = once(child, 'exit');
  for await (const line of createInterface(child.stdout)) {
    const [, url] = /^listening on (\S+)/.exec(line) ?? [];
    if (url) {
      child.stdout.resume();
      return {
        url,
        async stop() {
          child.kill('SIGTERM');
          await ended;
        },
      };
    }
  }
  throw new Error('the gateway did not start');
}

async function connect(url) {
  const client = new Client(
    { name: 'client-driver', version: '1.0.0' },
    {
      capabilities: scenario.capabilities ?? {},
      versionNegotiation: { mode: revision === '2026-07-28' ? { pin: revision } : 'legacy' },
    },
  );
  scenario.prepare?.(client);
  await client.connect(new StreamableHTTPClientTransport(new URL(url)));
  return client;
}
