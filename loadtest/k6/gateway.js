// What the scenarios share: where the gateway is, whose keys they use, how a message is sent, and what counts as an answer that is not explained.
// GATEWAY_URL, GATEWAY_KEYS (one of each tenant, with commas between) and GATEWAY_LIMITED_KEY come from the environment; run.sh sets them.
import { check } from "k6";
import http from "k6/http";
import { Counter } from "k6/metrics";

const url = `${__ENV.GATEWAY_URL ?? "http://127.0.0.1:12006"}/mcp`;
const limits = JSON.parse(open("../thresholds.json"));

export const keys = (__ENV.GATEWAY_KEYS ?? "").split(",");
export const limitedKey = __ENV.GATEWAY_LIMITED_KEY ?? "";

/** Answers that a client could not explain: neither a result nor the refusal that the scenario provokes. */
export const unexplained = new Counter("unexplained");

/**
 * The thresholds of a scenario: no unexplained answer, and 99 of 100 answers in time.
 * @param {string} scenario
 * @returns {import("k6/options").Options["thresholds"]}
 */
export function thresholds(scenario) {
  return { unexplained: ["count==0"], checks: ["rate==1"], http_req_duration: [`p(99)<${limits[scenario].p99}`] };
}

/**
 * The name of a tool as a tenant sees it: its server is called t1, t2, ….
 * @param {number} tenant from 0
 * @param {string} tool
 */
export const toolOf = (tenant, tool) => `t${tenant + 1}__${tool}`;

/**
 * Sends one message.
 * @param {string} key
 * @param {string} method
 * @param {object} [params]
 * @param {{ session?: string, notification?: boolean }} [how]
 */
export function send(key, method, params = {}, how = {}) {
  /** @type {Record<string, string>} */
  const headers = {
    "Content-Type": "application/json",
    Accept: "application/json, text/event-stream",
    "MCP-Protocol-Version": "2025-06-18",
    Authorization: `Bearer ${key}`,
  };
  if (how.session) headers["Mcp-Session-Id"] = how.session;
  const message = how.notification ? { jsonrpc: "2.0", method, params } : { jsonrpc: "2.0", id: 1, method, params };
  return http.post(url, JSON.stringify(message), { headers, tags: { method } });
}

/**
 * Ends a session.
 * @param {string} key
 * @param {string} session
 */
export const end = (key, session) => http.del(url, null, { headers: { Authorization: `Bearer ${key}`, "Mcp-Session-Id": session } });

/**
 * Judges one answer; a false verdict counts as unexplained.
 * @param {import("k6/http").RefinedResponse<import("k6/http").ResponseType | undefined>} response
 * @param {string} name
 * @param {(body: string) => boolean} holds
 * @param {number[]} statuses
 */
export function judge(response, name, holds, statuses = [200]) {
  const good = check(response, { [name]: (answer) => statuses.includes(answer.status) && holds(String(answer.body ?? "")) });
  if (!good) unexplained.add(1);
  return good;
}

/** @param {string} body */
export const hasResult = (body) => body.includes('"result"') && !body.includes('"error"');

/** @param {number} from @param {number} to exclusive */
export const randomBetween = (from, to) => from + Math.floor(Math.random() * (to - from));
