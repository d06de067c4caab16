// Calls of one tool, as fast as they are answered.
import { hasResult, judge, keys, send, thresholds, toolOf } from "./gateway.js";

/** @type {import("k6/options").Options} */
export const options = { vus: 32, duration: __ENV.DURATION ?? "30s", thresholds: thresholds("tools-call") };

export default function () {
  judge(send(keys[0], "tools/call", { name: toolOf(0, "small"), arguments: { text: "a" } }), "answered", hasResult);
}
