// The reference server on the SDK 2.x: the 2026-07-28 wire, and the 2025-11-25 wire beside it.

import { randomBytes } from 'node:crypto';
import { NodeStreamableHTTPServerTransport, toNodeHandler } from '@modelcontextprotocol/node';
import {
  CLIENT_CAPABILITIES_META_KEY,
  createMcpHandler,
  createRequestStateCodec,
  fromJsonSchema,
  inputRequired,
  McpServer,
  MissingRequiredClientCapabilityError,
  ProtocolError,
  ProtocolErrorCode,
  ResourceNotFoundError,
} from '@modelcontextprotocol/server';
import { changes } from './changes.mjs';
import { CAPABILITIES, InputNeeded, INSTRUCTIONS, SERVER_INFO, sharedHandlers, tools } from './handlers.mjs';
import { announceChanges } from './sessions.mjs';
import { taskHandlers, TASKS_EXTENSION } from './tasks.mjs';

const EXTENSIONS = { [TASKS_EXTENSION]: {} };

const fail = {
  invalidParams: (message) => new ProtocolError(ProtocolErrorCode.InvalidParams, message),
  resourceNotFound: (uri) => new ResourceNotFoundError(uri),
  missingTasks: () => new MissingRequiredClientCapabilityError({ requiredCapabilities: { extensions: EXTENSIONS } }),
};

// Signs the state that travels through the client, so that an altered one is refused.
const stateCodec = createRequestStateCodec({ key: randomBytes(32) });

// Unlike the SDK's default (0, private), so that a proxy which drops the hints is seen.
const LIST_HINT = { ttlMs: 1000, cacheScope: 'public' };
const CACHE_HINTS = {
  'tools/list': LIST_HINT,
  'prompts/list': LIST_HINT,
  'resources/list': LIST_HINT,
  'resources/templates/list': LIST_HINT,
  'resources/read': { ttlMs: 500, cacheScope: 'private' },
};

const isObject = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);

// The SDK wants a schema for methods it does not know; ours check their parameters themselves.
const ANY_PARAMS = fromJsonSchema({ type: 'object' });

function contextOf(ctx, mcp, era) {
  const clientCapabilities =
    ctx.mcpReq.envelope?.[CLIENT_CAPABILITIES_META_KEY] ?? mcp.server.getClientCapabilities() ?? {};
  const knowsTasks = clientCapabilities.extensions?.[TASKS_EXTENSION] !== undefined;

  return {
    clientCapabilities: () => clientCapabilities,
    tasks: era === 'modern' ? (knowsTasks ? 'available' : 'undeclared') : undefined,
    signal: ctx.mcpReq.signal,
    closeStream: () => ctx.http?.closeSSE?.(),
    log: (level, data) => ctx.mcpReq.log(level, data),

    async progress(progress, total) {
      const progressToken = ctx.mcpReq._meta?.progressToken;
      if (progressToken === undefined) return;
      await ctx.mcpReq.notify({ method: 'notifications/progress', params: { progressToken, progress, total } });
    },

    // On the 2025-11-25 wire the SDK turns the same result into requests to the client and runs the tool again.
    async ask(requests, { keepState = false } = {}) {
      const answers = { ...ctx.mcpReq.requestState()?.answers, ...ctx.mcpReq.inputResponses };
      const missing = Object.entries(requests).filter(([key]) => !isObject(answers[key]));
      if (missing.length === 0) return answers;
      throw new InputNeeded(
        inputRequired({
          inputRequests: Object.fromEntries(missing),
          ...(keepState && { requestState: await stateCodec.mint({ answers }) }),
        }),
      );
    },
  };
}

/** Runs a handler; one that needs input answers with the request for it. */
async function settle(run) {
  try {
    return await run();
  } catch (error) {
    if (error instanceof InputNeeded) return error.result;
    throw error;
  }
}

function buildServer(era) {
  const mcp = new McpServer(SERVER_INFO, {
    capabilities: { ...CAPABILITIES, ...(era === 'modern' && { extensions: EXTENSIONS }) },
    instructions: INSTRUCTIONS,
    cacheHints: CACHE_HINTS,
    requestState: { verify: stateCodec.verify },
  });
  showSchemas(mcp);

  for (const [method, handler] of Object.entries(sharedHandlers(fail))) {
    mcp.server.setRequestHandler(method, ({ params = {} }, ctx) => settle(() => handler(params, contextOf(ctx, mcp, era))));
  }
  if (era === 'modern') {
    for (const [method, handler] of Object.entries(taskHandlers(fail))) {
      mcp.server.setRequestHandler(method, { params: ANY_PARAMS }, (params, ctx) =>
        // The SDK takes the answers out of the parameters of every method.
        handler({ ...params, inputResponses: ctx.mcpReq.inputResponses }, contextOf(ctx, mcp, era)),
      );
    }
  }
  return mcp;
}

// The SDK checks Mcp-Param-* headers against the schemas in its registry. It is there for nothing else: our own
// handlers, set afterwards, list and call the tools.
function showSchemas(mcp) {
  for (const { name, description, inputSchema, run } of tools()) {
    mcp.registerTool(name, { description, inputSchema: fromJsonSchema(inputSchema) }, run);
  }
}

/** A server for one session of the 2025-11-25 wire. */
export function createServer() {
  const mcp = buildServer('legacy');
  const subscriptions = new Set();
  mcp.server.setRequestHandler('resources/subscribe', ({ params }) => {
    subscriptions.add(params.uri);
    return {};
  });
  mcp.server.setRequestHandler('resources/unsubscribe', ({ params }) => {
    subscriptions.delete(params.uri);
    return {};
  });
  announceChanges(mcp.server, subscriptions);
  return mcp;
}

export const createTransport = (options) => new NodeStreamableHTTPServerTransport(options);

/** Handles requests (req, res, body) of the 2026-07-28 wire, each with a server of its own. */
export function modernHandler() {
  const handler = createMcpHandler(() => buildServer('modern'), { legacy: 'reject' });
  changes.on('tools', () => handler.notify.toolsChanged());
  changes.on('prompts', () => handler.notify.promptsChanged());
  changes.on('resource', (uri) => handler.notify.resourceUpdated(uri));
  return toNodeHandler(handler);
}
