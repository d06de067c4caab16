// Tools that answer by themselves. Names and arguments are those the conformance suite calls.
// `run(args, call)` is the same for every SDK and revision: `call` is what v1.mjs and v2.mjs hand in.

import { audioBlock, imageBlock, pause, resourceBlock, toolResult } from './content.mjs';
import { changes } from './changes.mjs';

const NO_ARGUMENTS = { type: 'object', properties: {} };

/** Long enough that several messages of one call reach the client apart from each other. */
const STEP_MS = 50;

// Every keyword here must survive tools/list unchanged (SEP-1613, SEP-2106).
const FULL_VOCABULARY = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  type: 'object',
  $defs: {
    address: {
      $anchor: 'addressDef',
      type: 'object',
      properties: { street: { type: 'string' }, city: { type: 'string' } },
    },
  },
  properties: {
    name: { type: 'string' },
    address: { $ref: '#/$defs/address' },
    contactMethod: { type: 'string', enum: ['phone', 'email'] },
    phone: { type: 'string' },
    email: { type: 'string' },
  },
  allOf: [{ anyOf: [{ required: ['phone'] }, { required: ['email'] }] }],
  if: { properties: { contactMethod: { const: 'phone' } }, required: ['contactMethod'] },
  then: { required: ['phone'] },
  else: { required: ['email'] },
  additionalProperties: false,
};

const contentTools = [
  // First on purpose: the header scenario calls whatever tools/list names first, with no arguments.
  {
    name: 'test_simple_text',
    description: 'Answers with one text block',
    inputSchema: NO_ARGUMENTS,
    run: () => toolResult('A plain text answer.'),
  },
  {
    name: 'test_image_content',
    description: 'Answers with one image block',
    inputSchema: NO_ARGUMENTS,
    run: () => toolResult(imageBlock()),
  },
  {
    name: 'test_audio_content',
    description: 'Answers with one audio block',
    inputSchema: NO_ARGUMENTS,
    run: () => toolResult(audioBlock()),
  },
  {
    name: 'test_embedded_resource',
    description: 'Answers with one embedded resource',
    inputSchema: NO_ARGUMENTS,
    run: () => toolResult(resourceBlock('test://embedded-resource', 'text/plain', 'Text inside a tool result.')),
  },
  {
    name: 'test_multiple_content_types',
    description: 'Answers with text, an image and an embedded resource',
    inputSchema: NO_ARGUMENTS,
    run: () =>
      toolResult(
        'Three kinds of content:',
        imageBlock(),
        resourceBlock('test://mixed-content-resource', 'application/json', '{"kind":"mixed","count":3}'),
      ),
  },
  {
    name: 'test_error_handling',
    description: 'Always fails with a tool error',
    inputSchema: NO_ARGUMENTS,
    run: () => ({ ...toolResult('This tool fails on purpose.'), isError: true }),
  },
  {
    name: 'json_schema_2020_12_tool',
    description: 'Has an input schema that uses the wider JSON Schema 2020-12 vocabulary',
    inputSchema: FULL_VOCABULARY,
    run: (args) => toolResult(`Received ${JSON.stringify(args)}`),
  },
  {
    name: 'test_custom_header',
    description: 'Has an argument that clients mirror into a header',
    inputSchema: {
      type: 'object',
      properties: { region: { type: 'string', 'x-mcp-header': 'Region' } },
    },
    run: ({ region }) => toolResult(`region=${region ?? 'none'}`),
  },
];

const streamingTools = [
  {
    name: 'test_tool_with_logging',
    description: 'Sends three log messages while it runs',
    inputSchema: NO_ARGUMENTS,
    run: logThrice,
  },
  {
    name: 'test_logging_tool',
    description: 'Sends three log messages while it runs, if the client wants any',
    inputSchema: NO_ARGUMENTS,
    run: logThrice,
  },
  {
    name: 'test_tool_with_progress',
    description: 'Reports progress 0, 50 and 100 of 100',
    inputSchema: NO_ARGUMENTS,
    async run(_args, call) {
      for (const progress of [0, 50, 100]) {
        await call.progress(progress, 100);
        await pause(STEP_MS);
      }
      return toolResult('Progress reported.');
    },
  },
  {
    name: 'test_reconnection',
    description: 'Drops its stream before it answers; the answer waits for a client that resumes',
    inputSchema: NO_ARGUMENTS,
    async run(_args, call) {
      await pause(STEP_MS);
      call.closeStream();
      await pause(4 * STEP_MS);
      return toolResult('Delivered after the stream was resumed.');
    },
  },
];

const triggerTools = [
  {
    name: 'test_trigger_tool_change',
    description: 'Adds the tool test_dynamic_tool to the list, or takes it away',
    inputSchema: NO_ARGUMENTS,
    run() {
      changes.toggleTool();
      return toolResult('The tool list has changed.');
    },
  },
  {
    name: 'test_trigger_prompt_change',
    description: 'Adds the prompt test_dynamic_prompt to the list, or takes it away',
    inputSchema: NO_ARGUMENTS,
    run() {
      changes.togglePrompt();
      return toolResult('The prompt list has changed.');
    },
  },
  {
    name: 'test_trigger_resource_update',
    description: 'Reports that test://watched-resource has new content',
    inputSchema: NO_ARGUMENTS,
    run() {
      changes.touchWatched();
      return toolResult('The watched resource has changed.');
    },
  },
];

const dynamicTool = {
  name: 'test_dynamic_tool',
  description: 'Comes and goes with test_trigger_tool_change',
  inputSchema: NO_ARGUMENTS,
  run: () => toolResult('Present for now.'),
};

async function logThrice(_args, call) {
  for (const step of ['started', 'half way', 'done']) {
    await call.log('info', `Tool ${step}`);
    await pause(STEP_MS);
  }
  return toolResult('Log messages sent.');
}

export const plainTools = () => [
  ...contentTools,
  ...streamingTools,
  ...triggerTools,
  ...(changes.dynamicTool ? [dynamicTool] : []),
];
