// Tasks of the extension io.modelcontextprotocol/tasks (SEP-2663): work that outlives the call that started it.

import { randomUUID } from 'node:crypto';

export const TASKS_EXTENSION = 'io.modelcontextprotocol/tasks';

const TTL_MS = 60_000;
const POLL_INTERVAL_MS = 200;

const tasks = new Map();

class Task {
  #abort = new AbortController();
  #waiting = new Map(); // input key → { request, resolve }
  #outcome = {};
  #info = {
    taskId: randomUUID(),
    status: 'working',
    createdAt: new Date().toISOString(),
    lastUpdatedAt: new Date().toISOString(),
    ttlMs: TTL_MS,
    pollIntervalMs: POLL_INTERVAL_MS,
  };

  get id() {
    return this.#info.taskId;
  }

  get isOver() {
    return ['completed', 'failed', 'cancelled'].includes(this.#info.status);
  }

  /** What the call that starts the task answers. */
  created() {
    return { ...this.#info, resultType: 'task' };
  }

  /** What tasks/get answers. */
  detailed() {
    const inputRequests = Object.fromEntries([...this.#waiting].map(([key, { request }]) => [key, request]));
    return { ...this.#info, ...(this.#waiting.size > 0 && { inputRequests }), ...this.#outcome };
  }

  async run(work) {
    try {
      const result = await work({ signal: this.#abort.signal, ask: (requests) => this.#ask(requests) });
      this.#end('completed', { result });
    } catch (error) {
      this.#end('failed', { error: { code: error.code ?? -32603, message: error.message } });
    }
  }

  cancel() {
    this.#end('cancelled', {});
    this.#abort.abort();
  }

  answer(responses) {
    for (const [key, response] of Object.entries(responses)) {
      this.#waiting.get(key)?.resolve(response);
      this.#waiting.delete(key);
    }
    if (this.#waiting.size === 0 && !this.isOver) this.#become('working');
  }

  async #ask(requests) {
    const answers = Object.entries(requests).map(async ([name, request]) => {
      const { promise, resolve } = Promise.withResolvers();
      this.#waiting.set(`${name}-${randomUUID()}`, { request, resolve });
      return [name, await promise];
    });
    this.#become('input_required');
    return Object.fromEntries(await Promise.all(answers));
  }

  #end(status, outcome) {
    if (this.isOver) return;
    this.#waiting.clear();
    this.#outcome = outcome;
    this.#become(status);
    setTimeout(() => tasks.delete(this.id), TTL_MS).unref();
  }

  #become(status) {
    this.#info = { ...this.#info, status, lastUpdatedAt: new Date().toISOString() };
  }
}

/** Starts work({ signal, ask }) as a task and returns the result that announces it. */
export function startTask(work) {
  const task = new Task();
  tasks.set(task.id, task);
  const created = task.created();
  void task.run(work);
  return created;
}

/** Handlers of the extension's methods, shaped as those in handlers.mjs. */
export const taskHandlers = (fail) => {
  const find = (taskId, call) => {
    if (call.tasks !== 'available') throw fail.missingTasks();
    const task = tasks.get(taskId);
    if (!task) throw fail.invalidParams(`There is no task ${taskId}`);
    return task;
  };
  return {
    'tasks/get': ({ taskId }, call) => find(taskId, call).detailed(),
    'tasks/update'({ taskId, inputResponses = {} }, call) {
      find(taskId, call).answer(inputResponses);
      return {};
    },
    'tasks/cancel'({ taskId }, call) {
      find(taskId, call).cancel();
      return {};
    },
  };
};
