// The gateway as the official TypeScript clients of both generations see it over stdio: serving by itself, and as a bridge.

import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { Client as Client1 } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport as Transport1 } from '@modelcontextprotocol/sdk/client/stdio.js';
import { CreateMessageRequestSchema, ElicitRequestSchema } from '@modelcontextprotocol/sdk/types.js';
import { Client as Client2 } from '@modelcontextprotocol/client';
import { StdioClientTransport as Transport2 } from '@modelcontextprotocol/client/stdio';
import { answers, check, stdioCommand, stdioForms, withClient } from './checks.mjs';
import { tour } from './tour.mjs';

const MODES = [
  { label: 'legacy', mode: 'legacy', revision: '2025-11-25' },
  { label: 'auto', mode: 'auto', revision: '2026-07-28' },
  { label: 'pinned', mode: { pin: '2026-07-28' }, revision: '2026-07-28' },
];

const changes = new EventEmitter();
const abilities = {
  capabilities: { elicitation: {}, sampling: {} },
  listChanged: { tools: { onChanged: () => changes.emit('tools') } },
};

async function connect1(server) {
  const client = new Client1({ name: 'sdk1', version: '1.0.0' }, abilities);
  client.setRequestHandler(ElicitRequestSchema, answers.elicitation);
  client.setRequestHandler(CreateMessageRequestSchema, answers.sampling);
  await client.connect(new Transport1(server));
  return client;
}

async function connect2(server, mode) {
  const client = new Client2({ name: 'client2', version: '1.0.0' }, { ...abilities, versionNegotiation: { mode } });
  client.setRequestHandler('elicitation/create', answers.elicitation);
  client.setRequestHandler('sampling/createMessage', answers.sampling);
  await client.connect(new Transport2(server));
  return client;
}

for (const [form, { args, env }] of Object.entries(stdioForms)) {
  const server = { command: stdioCommand, args, env, stderr: 'inherit' };

  await withClient(`sdk1 ${form}: connects`, () => connect1(server), async (client) => {
    await check(`sdk1 ${form}: is pinged`, () => client.ping());
    await tour(`sdk1 ${form}`, client, changes, (params, onprogress) => client.callTool(params, undefined, { onprogress }));
  });

  for (const { label, mode, revision } of MODES) {
    await withClient(`client2 ${form} ${label}: connects`, () => connect2(server, mode), async (client) => {
      await check(`client2 ${form} ${label}: speaks ${revision}`, async () => {
        assert.equal(client.getNegotiatedProtocolVersion(), revision);
      });
      await tour(`client2 ${form} ${label}`, client, changes, (params, onprogress) => client.callTool(params, { onprogress }));
    });
  }
}
