/* GraphiQL on our own endpoints: signed in as in the console; subscriptions as server-sent events. */
(() => {
  'use strict';
  const place = document.getElementById('graphiql');
  const { endpoint, platform, token, login, failed } = place.dataset;

  const headersOf = (accept, extra) => ({
    Accept: accept,
    'Content-Type': 'application/json',
    'X-CSRFToken': token,
    ...extra,
  });

  const ask = async (url, body, accept, extra) => {
    const answer = await fetch(url, {
      method: 'POST',
      credentials: 'same-origin',
      redirect: 'error',
      headers: headersOf(accept, extra),
      body: JSON.stringify(body),
    });
    if (answer.status === 401) {
      window.location.assign(`${login}?next=${encodeURIComponent(window.location.pathname + window.location.search)}`);
    }
    return answer;
  };

  // One event of a stream: its name and its data.
  const parsed = (block) => {
    let name = 'message';
    const data = [];
    for (const line of block.split('\n')) {
      if (line.startsWith('event:')) name = line.slice(6).trim();
      else if (line.startsWith('data:')) data.push(line.slice(5).trimStart());
    }
    return { name, data: data.join('\n') };
  };

  async function* events(params, extra) {
    const answer = await ask(endpoint, params, 'text/event-stream', extra);
    if (!answer.ok || !(answer.headers.get('Content-Type') || '').startsWith('text/event-stream')) {
      yield await answer.json().catch(() => ({ errors: [{ message: failed }] }));
      return;
    }
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = '';
    try {
      for (;;) {
        const { value, done } = await reader.read();
        if (done) return;
        rest += value;
        const blocks = rest.split('\n\n');
        rest = blocks.pop();
        for (const block of blocks) {
          const { name, data } = parsed(block);
          if (name === 'next') yield JSON.parse(data);
          if (name === 'complete') return;
        }
      }
    } finally {
      reader.cancel().catch(() => undefined);
    }
  }

  // Which kind of operation is meant, as GraphiQL's own parser sees it.
  const isSubscription = (params, options) => {
    const document = (options || {}).documentAST;
    if (!document) return false;
    return document.definitions.some(
      (node) =>
        node.kind === 'OperationDefinition' &&
        node.operation === 'subscription' &&
        (!params.operationName || (node.name || {}).value === params.operationName),
    );
  };

  const fetcher = (params, options) => {
    const extra = (options || {}).headers || {};
    if (isSubscription(params, options)) return events(params, extra);
    return ask(endpoint, params, 'application/graphql-response+json, application/json', extra).then(
      (answer) => answer.json().catch(() => ({ errors: [{ message: failed }] })),
    );
  };

  const form = document.getElementById('endpoint');
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    const name = form.elements.ontology.value;
    const ref = form.elements.ref.value.trim();
    const address = name ? `${platform}/${encodeURIComponent(name)}` : platform;
    window.location.assign(name && ref ? `${address}?ref=${encodeURIComponent(ref)}` : address);
  });
  form.elements.ontology.addEventListener('change', (event) => {
    form.elements.ref.disabled = event.target.value === '';
  });
  ask(platform, { query: '{ ontologies(first: 500) { nodes { name } } }' }, 'application/json', {})
    .then((answer) => answer.json())
    .then(({ data }) => {
      const chosen = form.elements.ontology.value;
      for (const { name } of data.ontologies.nodes) {
        if (name === chosen) continue;
        form.elements.ontology.add(new Option(name, name));
      }
    })
    .catch(() => undefined);

  const element = window.React.createElement(window.GraphiQL, {
    fetcher,
    plugins: [window.GraphiQLPluginExplorer.explorerPlugin({ showAttribution: false })],
    schemaDescription: true,
    inputValueDeprecation: true,
    defaultEditorToolsVisibility: 'variables',
    // What one endpoint remembers is of no use to another.
    storage: {
      length: 0,
      getItem: (key) => window.localStorage.getItem(`${endpoint}:${key}`),
      setItem: (key, value) => window.localStorage.setItem(`${endpoint}:${key}`, value),
      removeItem: (key) => window.localStorage.removeItem(`${endpoint}:${key}`),
      clear: () => undefined,
    },
  });
  window.ReactDOM.createRoot(place).render(element);
})();
