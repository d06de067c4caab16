// The tour every official SDK client takes through the aggregate: lists, calls on each upstream, and what upstreams
// ask of the client. The clients of both SDK generations offer the methods used here under the same names.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { join } from 'node:path';
import { check, filesDirectory, textOf } from './checks.mjs';

const TOOL_NAME = /^[a-zA-Z0-9_-]{1,64}$/;

/** One tool of each upstream that run.sh puts behind the gateway. */
const ONE_TOOL_EACH = [
  'everything__echo',
  'everything-http__echo',
  'filesystem__read_text_file',
  'memory__read_graph',
  'reference__test_simple_text',
];

/** Follows the cursors of a list method to its end. */
async function listAll(list, key) {
  const all = [];
  let cursor;
  do {
    const page = await list(cursor ? { cursor } : undefined);
    all.push(...page[key]);
    cursor = page.nextCursor;
  } while (cursor);
  return all;
}

/**
 * @param label stands before the name of each check
 * @param client a connected client with handlers for elicitation and sampling
 * @param changes emits 'tools' when the client has learned that the tool list changed
 * @param callWithProgress (params, onprogress) => result: where the options go differs between the SDKs
 */
export async function tour(label, client, changes, callWithProgress) {
  const that = (name, run) => check(`${label}: ${name}`, run);
  const call = async (name, args = {}) => textOf(await client.callTool({ name, arguments: args }));
  const toolNames = async () =>
    (await listAll((params) => client.listTools(params), 'tools')).map((tool) => tool.name);

  await that('every upstream is in the tool list', async () => {
    const names = await toolNames();
    for (const name of ONE_TOOL_EACH) assert.ok(names.includes(name), `${name} is missing`);
    assert.equal(new Set(names).size, names.length, 'a name occurs twice');
    assert.deepEqual(names.filter((name) => !TOOL_NAME.test(name)), [], 'names outside the allowed form');
  });

  await that('prompts are listed and rendered', async () => {
    const names = (await listAll((params) => client.listPrompts(params), 'prompts')).map((prompt) => prompt.name);
    for (const name of ['everything__args-prompt', 'reference__test_prompt_with_arguments']) {
      assert.ok(names.includes(name), `${name} is missing`);
    }
    const { messages } = await client.getPrompt({
      name: 'reference__test_prompt_with_arguments',
      arguments: { arg1: 'one', arg2: 'two' },
    });
    assert.match(messages[0].content.text, /'one'.*'two'/);
  });

  await that('resources are listed and read by the URI listed', async () => {
    const resources = await listAll((params) => client.listResources(params), 'resources');
    const { uri } = resources.find((resource) => resource.name === 'Static text') ?? {};
    assert.ok(uri, 'the static text of the reference server is missing');
    const { contents } = await client.readResource({ uri });
    assert.equal(contents[0].uri, uri);
    assert.equal(contents[0].text, 'The text of the static resource.');
  });

  await that('resource templates are listed', async () => {
    const templates = await listAll((params) => client.listResourceTemplates(params), 'resourceTemplates');
    assert.ok(templates.length >= 2, `${templates.length} listed`);
  });

  await that('completion reaches the server of the prompt', async () => {
    const { completion } = await client.complete({
      ref: { type: 'ref/prompt', name: 'reference__test_prompt_with_arguments' },
      argument: { name: 'arg1', value: 'par' },
    });
    assert.deepEqual(completion.values, ['paris', 'park', 'party']);
  });

  await that('a stdio server answers', async () => {
    assert.equal(await call('everything__echo', { message: 'über stdio ✓' }), 'Echo: über stdio ✓');
    assert.match(await call('everything__get-sum', { a: 17, b: 25 }), /42/);
  });

  await that('an HTTP server answers', async () => {
    assert.equal(await call('everything-http__echo', { message: 'over http' }), 'Echo: over http');
  });

  await that('the filesystem server writes and reads', async () => {
    const path = join(filesDirectory, `${label.replace(/\W/g, '-')}.txt`);
    await call('filesystem__write_file', { path, content: 'line one\nline two' });
    assert.match(await call('filesystem__read_text_file', { path }), /line one\nline two/);
  });

  await that('the memory server remembers', async () => {
    const name = `entity of ${label}`;
    await call('memory__create_entities', { entities: [{ name, entityType: 'test', observations: ['seen'] }] });
    assert.ok((await call('memory__read_graph')).includes(name));
  });

  await that('progress arrives while a tool runs', async () => {
    const seen = [];
    const params = { name: 'reference__test_tool_with_progress', arguments: {} };
    textOf(await callWithProgress(params, ({ progress }) => seen.push(progress)));
    assert.deepEqual(seen, [0, 50, 100]);
  });

  await that('an upstream can elicit from the user', async () => {
    assert.match(await call('reference__test_elicitation', { message: 'Who?' }), /accept.*my username.*my email/);
  });

  await that('an upstream can sample from the client', async () => {
    assert.match(await call('reference__test_sampling', { prompt: 'Say something' }), /sampled by the client/);
  });

  await that("a change of an upstream's tool list is announced", async () => {
    const isThere = async () => (await toolNames()).includes('reference__test_dynamic_tool');
    const before = await isThere();
    const announced = once(changes, 'tools');
    await call('reference__test_trigger_tool_change');
    await announced;
    assert.equal(await isThere(), !before);
  });

  await that('a tool error stays a tool error', async () => {
    const result = await client.callTool({ name: 'reference__test_error_handling', arguments: {} });
    assert.equal(result.isError, true);
  });

  await that('an unknown tool is refused', async () => {
    await assert.rejects(async () => {
      const result = await client.callTool({ name: 'everything__no_such_tool', arguments: {} });
      assert.ok(!result.isError, 'refused by the server'); // some servers answer with a tool error instead
    });
  });

  await that('fifty calls at once get their own answers', async () => {
    const messages = Array.from({ length: 50 }, (_, index) => `message ${index}`);
    const texts = await Promise.all(messages.map((message) => call('everything__echo', { message })));
    assert.deepEqual(texts, messages.map((message) => `Echo: ${message}`));
  });
}

/** What one server's own endpoint offers: its names as it gave them. */
export async function tourOfOneServer(label, client) {
  await check(`${label}: a server's own endpoint renames nothing`, async () => {
    const names = (await listAll((params) => client.listTools(params), 'tools')).map((tool) => tool.name);
    assert.ok(names.includes('echo') && !names.some((name) => name.includes('__')), names.join(', '));
    assert.equal(textOf(await client.callTool({ name: 'echo', arguments: { message: 'alone' } })), 'Echo: alone');
  });
}
