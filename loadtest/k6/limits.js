// A storm of one key that is far beyond its limit, beside calls of the other tenants, which must not notice.
import { hasResult, judge, keys, limitedKey, randomBetween, send, thresholds, toolOf } from "./gateway.js";

/** @type {import("k6/options").Options} */
export const options = { vus: 32, duration: __ENV.DURATION ?? "30s", thresholds: thresholds("limits") };

export default function () {
  if (Math.random() < 0.9) {
    const answer = send(limitedKey, "tools/call", { name: toolOf(0, "small"), arguments: {} });
    const refused = answer.status === 429 && Number(answer.headers["Retry-After"]) > 0;
    judge(answer, "answered, or told when to come back", (body) => (refused ? body.includes("-32012") : hasResult(body)), [200, 429]);
  } else {
    const tenant = randomBetween(1, keys.length);
    judge(send(keys[tenant], "tools/call", { name: toolOf(tenant, "small"), arguments: {} }), "others are answered", hasResult);
  }
}
