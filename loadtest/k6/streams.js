// Calls that are answered by a stream of three events.
import { judge, keys, send, thresholds, toolOf } from "./gateway.js";

/** @type {import("k6/options").Options} */
export const options = { vus: 32, duration: __ENV.DURATION ?? "30s", thresholds: thresholds("streams") };

export default function () {
  const answer = send(keys[0], "tools/call", { name: toolOf(0, "stream"), arguments: {} });
  judge(answer, "two messages and the result", (body) => body.split("data: ").length === 4 && body.includes('"done"'));
}
