// Sends one call of each kind, and a hundred events, with a client library that is not ours: node send.mjs KEY ADDRESS
import { Analytics } from "@segment/analytics-node";

const [key, host] = process.argv.slice(2);
const client = new Analytics({ writeKey: key, host, flushAt: 20, maxRetries: 1 });
client.on("error", (problem) => {
  console.error(problem);
  process.exitCode = 1;
});
const context = { groupId: "acme" };
client.identify({ userId: "n1", anonymousId: "d1", traits: { plan: "pro" } });
client.group({ userId: "n1", groupId: "acme", traits: { seats: 5 } });
client.page({ userId: "n1", name: "Home" });
client.screen({ anonymousId: "d2", name: "Start" });
client.alias({ userId: "n1", previousId: "d3" });
for (let number = 0; number < 100; number += 1) {
  client.track({ userId: "n1", event: "Opened", properties: { number }, context });
}
await client.closeAndFlush();
