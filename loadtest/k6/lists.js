// Lists of tools, resources and prompts, which the gateway answers from its catalog.
import { hasResult, judge, keys, send, thresholds, toolOf } from "./gateway.js";

/** @type {import("k6/options").Options} */
export const options = { vus: 32, duration: __ENV.DURATION ?? "30s", thresholds: thresholds("lists") };

export default function () {
  judge(send(keys[0], "tools/list"), "lists its tools", (body) => hasResult(body) && body.includes(toolOf(0, "small")));
  judge(send(keys[0], "prompts/list"), "lists its prompts", hasResult);
  judge(send(keys[0], "resources/list"), "lists its resources", hasResult);
}
