// Tenants side by side: each calls its own tools, and now and then tries another one's, which must not exist for it.
import { hasResult, judge, keys, randomBetween, send, thresholds, toolOf } from "./gateway.js";

/** @type {import("k6/options").Options} */
export const options = { vus: 32, duration: __ENV.DURATION ?? "30s", thresholds: thresholds("tenants") };

export default function () {
  const tenant = randomBetween(0, keys.length);
  if (Math.random() < 0.1) {
    const other = (tenant + 1) % keys.length;
    const answer = send(keys[tenant], "tools/call", { name: toolOf(other, "small"), arguments: {} });
    judge(answer, "another tenant's tool does not exist", (body) => body.includes('"error"') && !body.includes('"result"'), [200, 400, 403, 404]);
  } else {
    judge(send(keys[tenant], "tools/call", { name: toolOf(tenant, "small"), arguments: {} }), "answered", hasResult);
  }
}
