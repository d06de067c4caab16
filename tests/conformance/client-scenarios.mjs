// What the client does in each scenario of the suite's client leg: scenario → { drive, capabilities?, prepare? }. `drive(client, context)` uses a
// connected client, `prepare(client)` gives it its handlers before.

import assert from 'node:assert/strict';

async function listTools(client) {
  const { tools } = await client.listTools();
  return tools;
}

/** Lists the tools and calls the first one, when there is any. */
const useFirstTool = {
  async drive(client) {
    const [tool] = await listTools(client);
    if (tool) await client.callTool({ name: tool.name, arguments: { a: 2, b: 3 } });
  },
};

const useOnlyTool = (name, expected) => ({
  async drive(client) {
    assert.deepEqual((await listTools(client)).map((tool) => tool.name), [name]);
    const { content } = await client.callTool({ name, arguments: {} });
    assert.match(content[0].text, expected);
  },
});

export const scenarios = {
  initialize: useFirstTool,
  tools_call: useFirstTool,

  // The more a client declares, the more there is to judge.
  'request-metadata': { ...useFirstTool, capabilities: { elicitation: { form: {} }, sampling: {}, roots: {} } },

  'sse-retry': useOnlyTool('test_reconnection', /Reconnection test completed/),

  'elicitation-sep1034-client-defaults': {
    ...useOnlyTool('test_client_elicitation_defaults', /Elicitation completed: .*John Doe/),
    capabilities: { elicitation: { form: { applyDefaults: true } } },
    prepare(client) {
      client.setRequestHandler('elicitation/create', () => ({ action: 'accept', content: {} }));
    },
  },

  'json-schema-ref-no-deref': {
    async drive(client) {
      const [tool] = await listTools(client);
      assert.equal(tool.inputSchema.properties.id.$ref, '#/$defs/userId');
    },
  },

  'json-schema-2020-12-preservation': {
    async drive(client) {
      const tool = (await listTools(client)).find(({ name }) => name === 'json_schema_2020_12_tool');
      await client.callTool({ name: 'json_schema_echo', arguments: { schema: tool.inputSchema } });
    },
  },

  'http-standard-headers': {
    async drive(client) {
      for (const { name } of await listTools(client)) await client.callTool({ name, arguments: {} });
      const { resources } = await client.listResources();
      for (const { uri } of resources) await client.readResource({ uri });
      const { prompts } = await client.listPrompts();
      for (const { name } of prompts) await client.getPrompt({ name });
    },
  },

  'http-custom-headers': {
    async drive(client, { toolCalls }) {
      await listTools(client);
      for (const call of toolCalls) await client.callTool(call);
    },
  },

  'http-invalid-tool-headers': {
    async drive(client) {
      const tools = await listTools(client);
      assert.deepEqual(tools.map(({ name }) => name), ['valid_tool']);
      await client.callTool({ name: 'valid_tool', arguments: { region: 'eu' } });
    },
  },

  'sep-2322-client-request-state': {
    capabilities: { elicitation: { form: {} } },
    prepare(client) {
      client.setRequestHandler('elicitation/create', async () => {
        // Another call, in the midst of the one that waits for the answer.
        await client.callTool({ name: 'test_mrtr_unrelated', arguments: {} });
        return { action: 'accept', content: { confirmed: true } };
      });
    },
    async drive(client) {
      await listTools(client);
      for (const [name, expected] of [['test_mrtr_echo_state', 'echo-state-ok'], ['test_mrtr_no_state', 'no-state-ok']]) {
        const { content } = await client.callTool({ name, arguments: {} });
        assert.equal(content[0].text, expected);
      }
      await client.callTool({ name: 'test_mrtr_no_result_type', arguments: {} });
    },
  },
};
