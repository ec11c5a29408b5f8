// @ts-check
// What an answer on its way will write is locked until it is written, and events that mean nothing are not sent.
//
// Gradio draws a page first and fills it after; it replaces parts of a page while people type into them; and it sends
// events of parts that are gone. Which event writes what stands in the page's configuration, so nothing is named here.
(() => {
  "use strict";
  const FIELDS = new Set(
    "textbox number dropdown checkbox checkboxgroup radio slider file button column row".split(" "),
  );
  /** Milliseconds until what an answer causes is asked for, such as a drawing, or answered. */
  const DRAWN_IN = 400;
  /** Milliseconds after which nothing is coming any more, where the stream of answers broke. */
  const BROKEN_IN = 3000;
  /**
   * What an event is that Gradio sends, and one on its way.
   * @typedef {{id: number, backend_fn: boolean, inputs: number[], outputs: number[], targets: [number, string][], trigger_mode: string}} Listener
   * @typedef {{event?: Listener, trigger: number, next?: Set<number>}} Key
   */
  const components = new Map();
  /** @type {Map<number, Listener>} */
  const events = new Map();
  const gone = new Set();
  /** What the server wrote into each component last, as JSON; and for each event of it what was sent since. */
  const held = new Map();
  const sent = new Map();
  const drawings = new Map();
  const inside = new Map();
  const locked = new Map();
  const flying = new Map();
  const early = new Map();
  /** Keys whose answer is there, while the events that it causes are not answered. @type {Set<Key>} */
  const awaiting = new Set();
  /** Events of clicks on their way: of two in quick succession Gradio asks for both before it knows of the first. */
  const pressed = new Set();
  let streams = 0;

  /** @param {any} drawn what Gradio says of a page, or of a part of it that it draws anew */
  function learn({ components: parts = [], dependencies = [], render_id: drawing, layout }) {
    for (const { id, type, props } of parts) {
      components.set(id, { name: props?.elem_id, type, isFixed: props?.interactive === false });
      hold(id, props?.value);
    }
    for (const event of dependencies) events.set(event.id, event);
    if (drawing === undefined) return;
    const now = new Set(dependencies.map((/** @type {Listener} */ { id }) => id));
    for (const id of drawings.get(drawing) || []) if (!now.has(id) && events.delete(id)) gone.add(id);
    drawings.set(drawing, now);
    inside.set(
      layout?.id,
      (layout?.children || []).map((/** @type {{id: number}} */ { id }) => id),
    );
  }

  /**
   * @param {number} id
   * @param {any} value
   */
  function hold(id, value) {
    held.set(id, JSON.stringify(value ?? null));
    sent.delete(id);
  }

  /** @param {number} id */
  const isField = (id) => {
    const { type, isFixed } = components.get(id) || {};
    // A button that cannot be pressed yet may be pressed after the answer; a text that cannot be typed into stays so.
    return FIELDS.has(type) && (type === "button" || !isFixed);
  };
  /**
   * @param {Listener} event
   * @param {string} name
   */
  const isOn = (event, name) => event.targets.some(([, kind]) => kind === name);
  /**
   * The events that follow when this one has written, such as the drawing of a part of the page.
   * @param {Listener} event
   */
  const following = (event) =>
    [...events.values()].filter(
      (next) => next.backend_fn && next.targets.some(([id, name]) => name === "change" && event.outputs.includes(id)),
    );

  /**
   * Where a component stands; a drawing has no id, what is in it may have.
   * @param {number} id
   */
  const elementsOf = (id) =>
    [id, ...(inside.get(id) || [])]
      .map((place) => document.getElementById(components.get(place)?.name || ""))
      .filter(Boolean);

  /**
   * @param {any} element
   * @param {any} key
   */
  function lock(element, key) {
    if (!locked.has(element)) locked.set(element, { keys: new Set(), focused: null });
    const { keys } = locked.get(element);
    keys.add(key);
    if (element.contains(document.activeElement)) locked.get(element).focused = document.activeElement;
    element.inert = true;
    element.setAttribute("aria-disabled", "true");
  }

  /** @param {any} key */
  function unlock(key) {
    for (const [element, { keys, focused }] of [...locked]) {
      if (!keys.delete(key) || keys.size) continue;
      locked.delete(element);
      element.inert = false;
      element.removeAttribute("aria-disabled");
      if (focused?.isConnected && document.activeElement === document.body) focused.focus({ preventScroll: true });
    }
  }

  /**
   * Gradio has the answer now; the page shows it within two frames, and asks for what follows soon after.
   * @param {any} key
   */
  const unlockSoon = (key) => requestAnimationFrame(() => requestAnimationFrame(() => unlock(key)));

  /** @param {any} key */
  function unlockAfter(key) {
    if (!key.next?.size) return setTimeout(() => unlockSoon(key));
    awaiting.add(key);
    setTimeout(() => void (awaiting.delete(key) && unlockSoon(key)), DRAWN_IN);
  }

  /**
   * Of what waits for this event, and for no other, nothing follows any more.
   * @param {number} id
   */
  function answered(id) {
    for (const key of [...awaiting]) {
      if (key.next?.delete(id) && !key.next.size && awaiting.delete(key)) unlockSoon(key);
    }
  }

  /**
   * @param {Listener} event
   * @param {Key} key
   */
  function lockOutputs(event, key) {
    if (isOn(event, "tick")) return;
    const next = following(event);
    key.next = new Set(next.map(({ id }) => id));
    for (const id of [event, ...next].flatMap(({ outputs }) => outputs)) {
      if (isField(id)) elementsOf(id).forEach((element) => lock(element, key));
    }
  }

  /**
   * A list that is left says that it was chosen from, though it holds what it held.
   * @param {Listener} event
   * @param {{trigger_id: number, data: any[]}} asked
   */
  function isUnchanged(event, { trigger_id: trigger, data }) {
    const place = event.inputs.indexOf(trigger);
    if (place < 0 || !event.targets.some(([id, name]) => id === trigger && name === "input")) return false;
    const now = JSON.stringify(data[place] ?? null);
    const before = sent.get(trigger)?.get(event) ?? held.get(trigger);
    sent.set(trigger, (sent.get(trigger) || new Map()).set(event, now));
    return components.get(trigger)?.type === "dropdown" && now === before;
  }

  /** The ids of what an event writes. @param {Listener | undefined} event */
  const outputsOf = (event) => event?.outputs.map((output) => components.get(output)?.name) ?? [];

  /** An answer that ends an event without a word: Gradio reads it as fields that failed their check, and there are none. */
  const nothing = () =>
    new Response(JSON.stringify({ detail: [] }), { status: 422, headers: { "content-type": "application/json" } });

  /**
   * @param {RequestInfo | URL} what
   * @param {RequestInit & {body: string}} how
   */
  async function join(what, how) {
    const asked = JSON.parse(how.body);
    const event = events.get(asked.fn_index);
    const isPress = event?.targets.some(([id, name]) => id === asked.trigger_id && name === "click");
    const isAgain = isPress && event?.trigger_mode === "once" && pressed.has(event);
    if (gone.has(asked.fn_index) || isAgain || (event && isUnchanged(event, asked))) return nothing();
    if (isPress) pressed.add(event);
    /** @type {Key} */
    const key = { event, trigger: asked.trigger_id };
    if (event) lockOutputs(event, key);
    // For the marks of refused fields: they are of what a form held when it was asked about.
    document.dispatchEvent(new CustomEvent("rondo-asked", { detail: { outputs: outputsOf(event), isPress } }));
    let id;
    try {
      const response = await plainFetch(what, how);
      id = response.ok ? (await response.clone().json()).event_id : undefined;
      return response;
    } finally {
      if (!id) end(key, null);
      else if (early.has(id)) end(key, early.get(id));
      else flying.set(id, key);
      early.delete(id);
    }
  }

  /**
   * `output`: what was answered; null where it failed.
   * @param {Key} key
   * @param {any} output
   */
  function end(key, output) {
    pressed.delete(key.event);
    if (key.event && output) {
      key.event.outputs.forEach((id, place) => {
        const written = output.data?.[place];
        if (written?.__type__ !== "update") hold(id, written);
        else if ("value" in written) hold(id, written.value);
      });
    } else sent.get(key.trigger)?.delete(key.event);
    if (key.event) answered(key.event.id);
    unlockAfter(key);
    if (!key.event || !isOn(key.event, "load")) return;
    unlockAfter(key.event.id);
    // For the first content (first.js), which stands until what is written here has come.
    if (output) document.dispatchEvent(new CustomEvent("rondo-loaded", { detail: { outputs: outputsOf(key.event) } }));
  }

  /** @param {string} line */
  function read(line) {
    if (!line.startsWith("data:") || !line.includes('"process_completed"')) return;
    const { msg, event_id: id, success, output } = JSON.parse(line.slice(5));
    if (msg !== "process_completed") return;
    if (output?.render_config) learn(output.render_config);
    const key = flying.get(id);
    flying.delete(id);
    if (key) end(key, success ? output : null);
    else early.set(id, success ? output : null);
  }

  /** @param {Response} response */
  async function listen(response) {
    const reader = /** @type {any} */ (response.clone().body).pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    try {
      for (;;) {
        const { done, value } = await reader.read();
        if (done) break;
        const lines = (rest + value).split("\n");
        rest = lines.pop() || "";
        lines.forEach(read);
      }
    } catch {
      // Gradio closes the stream itself whenever nothing is awaited.
    }
  }

  /**
   * @param {RequestInfo | URL} what
   * @param {RequestInit | undefined} how
   */
  async function stream(what, how) {
    streams += 1;
    try {
      const response = await plainFetch(what, how);
      if (response.ok) listen(response).finally(closed);
      else closed();
      return response;
    } catch (error) {
      closed();
      throw error;
    }
  }

  function closed() {
    streams -= 1;
    setTimeout(() => {
      if (streams) return;
      for (const [id, key] of [...flying]) if (flying.delete(id)) end(key, null);
    }, BROKEN_IN);
  }

  const plainFetch = window.fetch;
  window.fetch = (what, how) => {
    const { pathname } = new URL(what instanceof Request ? what.url : what, location.href);
    if (pathname.endsWith("/gradio_api/queue/join") && typeof how?.body === "string")
      return join(what, /** @type {RequestInit & {body: string}} */ (how));
    if (pathname.endsWith("/gradio_api/queue/data")) return stream(what, how);
    return plainFetch(what, how);
  };

  document.addEventListener("DOMContentLoaded", () => {
    if (!window.gradio_config) return;
    learn(window.gradio_config);
    const page = document.querySelector("gradio-app");
    for (const event of events.values()) {
      if (
        event.backend_fn &&
        isOn(event, "load") &&
        event.outputs.some((id) => isField(id) && components.get(id).type !== "button")
      )
        lock(page, event.id);
    }
  });
})();
