// From few clients to very many at once, and back. Refusals with 503 are fair then; anything else than those and answers is not.
import { judge, keys, send, thresholds, toolOf } from "./gateway.js";

/** @type {import("k6/options").Options} */
export const options = {
  stages: [
    { duration: "10s", target: 8 },
    { duration: "2s", target: 512 },
    { duration: "20s", target: 512 },
    { duration: "2s", target: 8 },
    { duration: "10s", target: 8 },
  ],
  thresholds: thresholds("spike"),
};

export default function () {
  judge(send(keys[0], "tools/call", { name: toolOf(0, "small"), arguments: {} }), "answered or refused", (body) => body.includes('"jsonrpc"'), [200, 503]);
}
