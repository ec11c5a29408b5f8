// @ts-check
// What a page asks for when it is loaded, asked at once.
//
// Gradio's scripts start, draw an empty page, and only then ask for what stands in it; until then the server waits.
// Which events those are stands in the page's configuration. They are asked here by the same route, so under the same
// checks, while the scripts are still starting. When Gradio asks, it is given the event that is under way already. Where
// it asks for something else, or the early question failed, its own question goes its way.
//
// A page's questions and answers belong together by a name that Gradio draws when it starts. The early questions need
// one before that, so this script draws it and writes it into what Gradio sends.
(() => {
  "use strict";
  /** @typedef {{ id: number, backend_fn: boolean, js?: unknown, queue?: boolean | null, connection?: string,
   *    inputs: number[], targets: [number, string][] }} Event */
  /** @typedef {{ root: string, api_prefix?: string, enable_queue?: boolean, dependencies?: Event[],
   *    components?: { id: number, props?: { value?: unknown } }[] }} Config */
  /** @type {Config | undefined} */
  const config = /** @type {any} */ (window).gradio_config;
  if (!config?.dependencies) return;

  const plainFetch = window.fetch.bind(window);
  const api = `${config.root}${config.api_prefix || ""}`;
  const page = Array.from(crypto.getRandomValues(new Uint32Array(2)), (one) => one.toString(36)).join("");

  /** What was asked and not yet asked for by Gradio: by event, its data as JSON and the name of the asked one, if any.
   * @type {Map<number, { data: string, name: Promise<string | null> }>} */
  const asked = new Map();
  /** Names of asked ones that Gradio knows nothing of. @type {Set<string>} */
  const unknown = new Set();
  /** Names of what is under way, and of what has ended, as far as this script reads the answers. @type {Set<string>} */
  const running = new Set();
  /** @type {Set<string>} */
  const ended = new Set();
  /** Answers that nobody can be told yet. @type {Map<string, string[]>} */
  const held = new Map();
  let isReading = false;
  let isBroken = false;
  /** How many early questions Gradio has not come for. */
  let waiting = 0;
  /** Where Gradio reads. @type {ReadableStreamDefaultController<Uint8Array> | null} */
  let reader = null;
  const encoder = new TextEncoder();
  /** @param {string} text */
  const tell = (text) => reader?.enqueue(encoder.encode(`${text}\n\n`));

  /** @param {Event} event @param {number} target @param {unknown[]} data */
  async function ask(event, target, data) {
    const body = { data, event_data: null, fn_index: event.id, trigger_id: target, session_hash: page };
    try {
      const response = await plainFetch(`${api}/queue/join?${new URLSearchParams(location.search)}`, {
        method: "POST",
        headers: { "Content-Type": "application/json", "x-gradio-user": "app" },
        body: JSON.stringify(body),
      });
      if (!response.ok) return null;
      /** @type {string} */
      const name = (await response.json()).event_id;
      unknown.add(name);
      if (!ended.has(name)) running.add(name);
      read();
      return name;
    } catch {
      return null;
    }
  }

  /** Read answers as long as something is under way. */
  async function read() {
    if (isReading) return;
    isReading = true;
    try {
      const response = await plainFetch(`${api}/queue/data?session_hash=${page}`, {
        headers: { Accept: "text/event-stream" },
      });
      if (!response.ok || !response.body) throw new Error("The answers could not be read.");
      const pieces = response.body.pipeThrough(new TextDecoderStream()).getReader();
      for (let rest = ""; ;) {
        const { done, value } = await pieces.read();
        if (done) break;
        const messages = (rest + value).split("\n\n");
        rest = messages.pop() || "";
        messages.forEach(take);
      }
    } catch (problem) {
      isBroken = true;
      running.clear();
      reader?.error(problem);
      reader = null;
    }
    isReading = false;
    if (running.size) read();
    else hand();
  }

  /** @param {string} text */
  function take(text) {
    if (!text.startsWith("data:")) return;
    const { msg, event_id: name } = JSON.parse(text.slice(5));
    if (msg === "close_stream") return; // said to Gradio once it has everything
    if (name && (!reader || unknown.has(name))) held.set(name, [...(held.get(name) || []), text]);
    else tell(text);
    if (msg === "unexpected_error" || msg === "broken_connection") throw new Error("The answers broke off.");
    if (msg !== "process_completed") return;
    running.delete(name);
    ended.add(name);
    hand();
  }

  /** Hand over what Gradio can be told by now, and let its reading end when nothing is under way, as the server does. */
  function hand() {
    if (!reader) return;
    for (const [name, messages] of [...held]) {
      if (unknown.has(name)) continue;
      messages.forEach(tell);
      held.delete(name);
    }
    if (running.size || waiting) return;
    tell('data: {"msg":"close_stream","event_id":null}');
    reader.close();
    reader = null;
  }

  /** @param {string} url @param {RequestInit & { body: string }} how */
  async function join(url, how) {
    const question = JSON.parse(how.body);
    const early = asked.get(question.fn_index);
    asked.delete(question.fn_index);
    const name = (await early?.name) ?? null;
    if (early) waiting -= 1;
    if (early && name && isAsThat(early, name, question)) {
      unknown.delete(name);
      hand();
      return new Response(JSON.stringify({ event_id: name }), { headers: { "content-type": "application/json" } });
    }
    const response = await plainFetch(url, { ...how, body: JSON.stringify({ ...question, session_hash: page }) });
    if ((isReading || reader) && response.ok) {
      const { event_id: late } = await response.clone().json();
      if (!ended.has(late)) running.add(late);
      read();
    }
    return response;
  }

  /** Whether the early question was the same, and its answer is there or will come.
   * @param {{ data: string }} early @param {string} name @param {{ data: unknown, event_data?: unknown }} question */
  const isAsThat = ({ data }, name, question) =>
    data === JSON.stringify(question.data) && !question.event_data && (!isBroken || ended.has(name));

  /** The answers, as one stream: those that came early, then those that come. @param {AbortSignal | undefined} signal */
  function stream(signal) {
    /** @type {ReadableStreamDefaultController<Uint8Array>} */
    let mine;
    const body = new ReadableStream({
      start(controller) {
        reader = mine = controller;
      },
    });
    signal?.addEventListener("abort", () => {
      if (reader === mine) reader = null;
    });
    hand();
    return new Response(body, { headers: { "content-type": "text/event-stream" } });
  }

  const isTold = () => ![...held.keys()].some((name) => !unknown.has(name));
  /** @param {string} url */
  const renamed = (url) => url.replace(/(\/heartbeat\/|[?&]session_hash=)[^/?&]+/, `$1${page}`);

  /** A request with this page's name in it. @param {any} what @param {any} how @param {string} url */
  function own(what, how, url) {
    if (what instanceof Request) return plainFetch(new Request(renamed(url), what), how);
    if (how?.body instanceof FormData && how.body.has("session_hash")) how.body.set("session_hash", page);
    else if (typeof how?.body === "string" && how.body.includes('"session_hash"')) {
      const body = JSON.parse(how.body);
      if ("session_hash" in body) how = { ...how, body: JSON.stringify({ ...body, session_hash: page }) };
    }
    return plainFetch(renamed(url), how);
  }

  window.fetch = async (what, how) => {
    const url = String(/** @type {any} */ (what).url ?? what);
    if (!url.startsWith(`${api}/`)) return plainFetch(what, how);
    const { pathname } = new URL(url);
    if (pathname.endsWith("/queue/join") && typeof how?.body === "string") return join(url, /** @type {any} */ (how));
    if (pathname.endsWith("/queue/data") && (isReading || !isTold()))
      return stream(/** @type {any} */ (what).signal ?? how?.signal);
    return own(what, how, url);
  };

  const values = new Map((config.components || []).map(({ id, props }) => [id, props?.value ?? null]));
  for (const event of config.dependencies) {
    const load = event.targets.find(([, name]) => name === "load");
    const isQueued = event.queue ?? config.enable_queue;
    if (!load || !event.backend_fn || event.js || !isQueued || event.connection === "stream") continue;
    const data = event.inputs.map((id) => values.get(id) ?? null);
    waiting += 1;
    asked.set(event.id, { data: JSON.stringify(data), name: ask(event, load[0], data) });
  }
})();
