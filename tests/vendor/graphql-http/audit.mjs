// Runs the audits of graphql-http against a server: node audit.mjs URL TOKEN. Prints JSON.
import { serverAudits } from './audits/server.mjs';

const [url, token] = process.argv.slice(2);
const audits = serverAudits({
  url,
  fetchFn: (address, options = {}) =>
    fetch(address, {
      ...options,
      headers: { ...(options.headers ?? {}), Authorization: `Bearer ${token}` },
    }),
});
const found = [];
for (const audit of audits) {
  const result = await audit.fn();
  found.push({ id: audit.id, name: audit.name, status: result.status, reason: result.reason });
}
console.log(JSON.stringify(found));
