// Verifies webhooks with the reference library of Standard Webhooks. Reads one JSON object
// {"secret","headers","body"} a line from stdin, answers a line each: "ok", or why not.
import { createInterface } from 'node:readline';
import { Webhook } from 'standardwebhooks';

for await (const line of createInterface({ input: process.stdin })) {
  const { secret, headers, body } = JSON.parse(line);
  try {
    new Webhook(secret).verify(body, headers);
    console.log('ok');
  } catch (error) {
    console.log(error.message);
  }
}
