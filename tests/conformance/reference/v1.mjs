// The reference server on the SDK 1.x: revisions up to 2025-11-25, stateful.

import { Server } from '@modelcontextprotocol/sdk/server/index.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import {
  CallToolRequestSchema,
  CompleteRequestSchema,
  CreateMessageResultSchema,
  ElicitResultSchema,
  ErrorCode,
  GetPromptRequestSchema,
  ListPromptsRequestSchema,
  ListResourcesRequestSchema,
  ListResourceTemplatesRequestSchema,
  ListRootsResultSchema,
  ListToolsRequestSchema,
  LoggingLevelSchema,
  McpError,
  ReadResourceRequestSchema,
  SetLevelRequestSchema,
  SubscribeRequestSchema,
  UnsubscribeRequestSchema,
} from '@modelcontextprotocol/sdk/types.js';
import { CAPABILITIES, INSTRUCTIONS, SERVER_INFO, sharedHandlers } from './handlers.mjs';
import { announceChanges } from './sessions.mjs';

const RESOURCE_NOT_FOUND = -32002;

const REQUEST_SCHEMAS = {
  'tools/list': ListToolsRequestSchema,
  'tools/call': CallToolRequestSchema,
  'prompts/list': ListPromptsRequestSchema,
  'prompts/get': GetPromptRequestSchema,
  'resources/list': ListResourcesRequestSchema,
  'resources/templates/list': ListResourceTemplatesRequestSchema,
  'resources/read': ReadResourceRequestSchema,
  'completion/complete': CompleteRequestSchema,
};

const ANSWER_SCHEMAS = {
  'elicitation/create': ElicitResultSchema,
  'sampling/createMessage': CreateMessageResultSchema,
  'roots/list': ListRootsResultSchema,
};

const fail = {
  invalidParams: (message) => new McpError(ErrorCode.InvalidParams, message),
  resourceNotFound: (uri) => new McpError(RESOURCE_NOT_FOUND, 'Resource not found', { uri }),
};

/** A server for one session. */
export function createServer() {
  const server = new Server(SERVER_INFO, { capabilities: CAPABILITIES, instructions: INSTRUCTIONS });
  const levels = LoggingLevelSchema.options;
  const subscriptions = new Set();
  let lowestLevel = levels[0];

  const contextOf = (extra) => ({
    clientCapabilities: () => server.getClientCapabilities() ?? {},
    signal: extra.signal,
    closeStream: () => extra.closeSSEStream?.(),

    async ask(requests) {
      const answers = {};
      for (const [key, request] of Object.entries(requests)) {
        answers[key] = await extra.sendRequest(request, ANSWER_SCHEMAS[request.method]);
      }
      return answers;
    },

    // Both go out as notifications of the call, hence on its own stream.
    async log(level, data) {
      if (levels.indexOf(level) < levels.indexOf(lowestLevel)) return;
      await extra.sendNotification({ method: 'notifications/message', params: { level, data } });
    },
    async progress(progress, total) {
      const progressToken = extra._meta?.progressToken;
      if (progressToken === undefined) return;
      await extra.sendNotification({ method: 'notifications/progress', params: { progressToken, progress, total } });
    },
  });

  for (const [method, handler] of Object.entries(sharedHandlers(fail))) {
    server.setRequestHandler(REQUEST_SCHEMAS[method], (request, extra) => handler(request.params ?? {}, contextOf(extra)));
  }

  server.setRequestHandler(SetLevelRequestSchema, ({ params }) => {
    lowestLevel = params.level;
    return {};
  });
  server.setRequestHandler(SubscribeRequestSchema, ({ params }) => {
    subscriptions.add(params.uri);
    return {};
  });
  server.setRequestHandler(UnsubscribeRequestSchema, ({ params }) => {
    subscriptions.delete(params.uri);
    return {};
  });

  announceChanges(server, subscriptions);
  return server;
}

export const createTransport = (options) => new StreamableHTTPServerTransport(options);
