// Everything at once, for long: calls, large answers, streams, lists, refusals and sessions. loadtest/soak.sh looks at the memory meanwhile.
import calls from "./tools-call.js";
import limits from "./limits.js";
import lists from "./lists.js";
import sessions from "./sessions.js";
import streams from "./streams.js";
import tenants from "./tenants.js";
import { thresholds } from "./gateway.js";

/** @type {import("k6/options").Options} */
export const options = { vus: 32, duration: __ENV.DURATION ?? "2h", thresholds: thresholds("soak") };

const mix = [calls, calls, calls, tenants, tenants, streams, limits, lists, sessions];

export default function () {
  mix[Math.floor(Math.random() * mix.length)]();
}
