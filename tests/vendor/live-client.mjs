// Drives the clients of graphql-ws and graphql-sse: commands as JSON lines on stdin, what happens
// as JSON lines on stdout.
//
//   node live-client.mjs ws|sse URL TOKEN [PROTOCOL]

import { createInterface } from 'node:readline';

const [kind, url, token, protocol] = process.argv.slice(2);
const say = (message) => process.stdout.write(JSON.stringify(message) + '\n');
const close = (event) => ({ event: 'closed', code: event?.code, reason: event?.reason });

async function make() {
  if (kind === 'sse') {
    const { createClient } = await import('./graphql-sse/lib/client.mjs');
    return createClient({
      url,
      headers: { Authorization: `Bearer ${token}` },
      retryAttempts: 0,
    });
  }
  const { createClient } = await import('./graphql-ws/dist/client.js');
  const options = {
    url,
    lazy: true,
    connectionParams: { Authorization: `Bearer ${token}` },
    retryAttempts: 0,
    on: {
      connected: () => say({ event: 'connected' }),
      closed: (event) => say(close(event)),
    },
  };
  if (protocol) {
    options.webSocketImpl = class extends WebSocket {
      constructor(address) {
        super(address, protocol);
      }
    };
  }
  return createClient(options);
}

const client = await make();
const running = new Map();

for await (const line of createInterface({ input: process.stdin })) {
  const { op, id, query, variables } = JSON.parse(line);
  if (op === 'subscribe') {
    const stop = client.subscribe(
      { query, variables },
      {
        next: (payload) => say({ event: 'next', id, payload }),
        error: (error) =>
          say({
            event: 'error',
            id,
            errors: Array.isArray(error) ? error : undefined,
            code: error?.code,
            message: error?.message,
          }),
        complete: () => say({ event: 'complete', id }),
      },
    );
    running.set(id, stop);
  } else if (op === 'stop') {
    running.get(id)?.();
  }
}
process.exit(0);
