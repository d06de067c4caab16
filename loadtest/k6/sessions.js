// Clients that come and go: each opens a session, makes one call in it and ends it; afterwards it must be gone.
import { end, hasResult, judge, keys, send, thresholds, toolOf } from "./gateway.js";

/** @type {import("k6/options").Options} */
export const options = { vus: 16, duration: __ENV.DURATION ?? "30s", thresholds: thresholds("sessions") };

const client = { protocolVersion: "2025-06-18", capabilities: {}, clientInfo: { name: "load", version: "1" } };

export default function () {
  const opened = send(keys[0], "initialize", client);
  if (!judge(opened, "opened", (body) => hasResult(body) && opened.headers["Mcp-Session-Id"] !== undefined)) return;
  const session = opened.headers["Mcp-Session-Id"];
  judge(send(keys[0], "notifications/initialized", {}, { session, notification: true }), "accepted", () => true, [202]);
  judge(send(keys[0], "tools/call", { name: toolOf(0, "small"), arguments: {} }, { session }), "answered", hasResult);
  judge(end(keys[0], session), "ended", () => true, [200, 204]);
  judge(send(keys[0], "tools/list", {}, { session }), "gone", () => true, [404]);
}
