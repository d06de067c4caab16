// What the client scripts share: where the gateway is, and how a check reports.

import assert from 'node:assert/strict';

const required = (name) => {
  const value = process.env[name];
  if (!value) {
    console.error(`${name} is not set`);
    process.exit(64);
  }
  return value;
};

/** The aggregate endpoint, …/mcp; one server's endpoint is below it. */
export const gatewayUrl = required('GATEWAY_URL').replace(/\/$/, '');
export const gatewayKey = required('GATEWAY_KEY');
export const bearer = (key = gatewayKey) => ({ Authorization: `Bearer ${key}` });

/** How a desktop client starts the gateway: to serve from the same configuration itself, or as a bridge to the one that runs. */
export const stdioForms = {
  stdio: {
    args: [],
    env: {
      NATIVE_GATEWAY_CONFIG: process.env.GATEWAY_CONFIG,
      NATIVE_GATEWAY_DATA: process.env.GATEWAY_DATA,
      NATIVE_GATEWAY_LOG_LEVEL: 'warning',
    },
  },
  bridge: {
    args: ['stdio', '--url', gatewayUrl],
    env: { NATIVE_GATEWAY_API_KEY: gatewayKey, NATIVE_GATEWAY_LOG_LEVEL: 'error' },
  },
};
export const stdioCommand = process.env.GATEWAY_BINARY;

/** The directory that the filesystem server may use. */
export const filesDirectory = process.env.GATEWAY_FILES;

const TIMEOUT_MS = 60_000;

/** Runs one check and prints `ok NAME` or `FAILED NAME: why`; a failure makes the script exit non-zero. */
export async function check(name, run) {
  try {
    await within(TIMEOUT_MS, run());
    console.log(`ok ${name}`);
  } catch (error) {
    console.log(`FAILED ${name}: ${(error.message ?? String(error)).replace(/\s+/g, ' ')}`);
    process.exitCode = 1;
  }
}

/** Connects as a check of its own, and if that works, uses and closes the client. */
export async function withClient(name, connect, use) {
  let client;
  await check(name, async () => {
    client = await connect();
  });
  if (!client) return;
  await use(client);
  await client.close();
}

async function within(ms, promise) {
  let timer;
  const late = new Promise((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no end after ${ms / 1000} s`)), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** The text of a tool result that must not be an error. */
export function textOf(result) {
  const text = result.content?.map((block) => block.text ?? '').join('\n');
  assert.ok(!result.isError, `tool error: ${text}`);
  return text;
}

/** What the SDKs' errors say when a server answers 401. */
export const isUnauthorized = (error) => error.code === 401 || error.status === 401 || /401|unauthorized/i.test(error.message);

/** How a scripted user answers whatever the server asks for. */
export const answers = {
  elicitation: ({ params }) => ({
    action: 'accept',
    content: Object.fromEntries(Object.keys(params.requestedSchema.properties).map((name) => [name, `my ${name}`])),
  }),
  sampling: () => ({ role: 'assistant', model: 'none', content: { type: 'text', text: 'sampled by the client' } }),
};
