/* The review grid: faces of one class; the odd ones are marked, one key confirms the rest and brings the next sheet.
 *
 * The server deals sheets ahead (data.deal). What is confirmed becomes one event for each picture (for exact copies:
 * one for all of them); the events wait in an outbox and are sent until the server says that they are stored.
 *
 * Nobody confirms what they have not seen: as long as faces of the sheet were not on the screen, the key scrolls on.
 */

const SHEETS_LOW = { class: 1, set: 6 }; // sheets behind the one on the screen when more are asked for
const PRESS = "Press a class";
const LOOK = { class: 400, set: 150 }; // ms before a sheet can be confirmed: a second press is no second look
const BOUNCE = 25; // ms: the same key this soon is a bouncing contact
const PACE_OVER = 6; // sheets
const SIDES = [[6, 192], [24, 144], [Infinity, 96]]; // up to so many faces: pixels; multiples of 48 are sharpest
const ARROWS = ["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown", "Home", "End"];

const grids = new WeakMap();

export default function (component) {
  const root = component.parentElement;
  let grid = grids.get(root);
  if (!grid) {
    grid = new ReviewGrid(root, component.data);
    grids.set(root, grid);
  }
  grid.receive(component);
  return () => {
    grid.leave();
    grids.delete(root);
  };
}

class ReviewGrid {
  constructor(root, data) {
    this.root = root;
    this.find = (selector) => root.querySelector(selector);
    this.event = data.event; // data set, annotator, round, queue, seen: the same in all events
    this.view = null; // the view that the sheets below belong to
    this.sheets = []; // here and not confirmed; the first is on the screen
    this.confirmed = []; // oldest first: what can be undone
    this.answered = new Set(); // pictures on confirmed sheets
    this.shown = null; // the sheet that is on the screen
    this.complete = false; // the server has no more sheets
    this.wanted = false; // more sheets were asked for
    this.done = 0;
    this.total = 0;
    this.clock = new Clock();
    const { dataset_hash, annotator, round } = data.event;
    this.courier = new Courier(`ferret.grid.${dataset_hash}.${annotator}.${round}.`, {
      asking: () => this.wanted || this.view === null,
      message: () => ({
        view: this.view,
        fresh: this.view === null,
        want: this.wanted,
        held: this.sheets.flatMap((sheet) => sheet.faces.map((face) => face.picture)),
      }),
    });

    // Streamlit fades what a slow run has not confirmed yet. The grid is never out of date: it runs here.
    root.host?.closest("[data-testid='stElementContainer']")?.style.setProperty("opacity", "1", "important");
    this.build(data);
    this.onKey = (event) => this.keyDown(event);
    this.onTouch = () => this.clock.touch();
    this.onVisibility = () => (document.hidden ? this.clock.pause() : this.clock.resume());
    document.addEventListener("keydown", this.onKey, true);
    document.addEventListener("pointermove", this.onTouch, { passive: true });
    document.addEventListener("visibilitychange", this.onVisibility);
    this.ticking = setInterval(() => this.tick(), 500);
  }

  /* --- what the server says ----------------------------------------------------------------------------------- */

  receive({ data, setStateValue }) {
    this.courier.receive(data.ack, setStateValue);
    if (data.last && this.view === null) this.recall(data.last);
    if (data.deal) this.take(data.deal);
    else if (this.view === null) this.courier.sendSoon();
    this.askForMore();
    this.drawFacts();
  }

  take(deal) {
    const changed = deal.view !== this.view;
    if (!changed && !this.wanted && this.sheets.length) return; // dealt again by a run that we did not ask for
    if (changed) {
      this.view = deal.view;
      this.sheets = [];
      this.done = deal.done;
      this.total = deal.total;
    }
    this.wanted = false;
    this.complete = deal.last;
    const here = new Set(this.sheets.flatMap((sheet) => sheet.faces.map((face) => face.picture)));
    const rows = new Set([...this.courier.outbox.events.values()].map((event) => event.row));
    for (const sheet of deal.sheets) {
      const known = ({ picture, row }) => here.has(picture) || this.answered.has(picture) || rows.has(row);
      const faces = sheet.faces.filter((face) => !known(face)).map((face) => ({ ...face, marked: false, answer: "" }));
      if (!faces.length || (sheet.kind === "copies" && faces.length < sheet.faces.length)) continue;
      this.sheets.push(this.prepared({ ...sheet, faces, view: deal.view, past: [], unseen: new Set(faces) }));
    }
    if (changed || !this.shown) this.show({ focus: changed });
  }

  /* The sheet that was confirmed before a reload; undo brings it back. */
  recall({ sheet, ids, answers }) {
    const states = sheet.faces.map((_, place) => {
      const answer = sheet.kind === "copies" || answers[place] === sheet.emotion ? "" : answers[place];
      return answer === "skip" ? { marked: true, answer: "" } : { marked: false, answer };
    });
    const faces = sheet.faces.map((face, place) => ({ ...face, ...states[place], key: "" }));
    const events = ids.map((id, place) => [faces[place], id]);
    for (const [face] of events) this.answered.add(face.picture);
    this.confirmed.push(this.prepared({ ...sheet, faces, events, past: [], unseen: new Set(), active: 0 }));
  }

  askForMore() {
    if (this.view === null || this.complete || this.wanted) return;
    if (this.sheets.length - 1 >= SHEETS_LOW[form(this.sheets[0])]) return;
    this.wanted = true;
    this.courier.sendSoon();
  }

  tick() {
    this.courier.tick();
    this.drawSaved();
  }

  /* --- the sheet ---------------------------------------------------------------------------------------------- */

  show({ focus = false } = {}) {
    const sheet = this.sheets[0];
    this.shown = sheet ?? null;
    this.painted = null;
    this.watch?.disconnect();
    clearTimeout(this.looking);
    delete this.find(".lane").dataset.ready;
    const focused = this.focusIsOurs(focus); // asked before the faces that may have it are gone
    this.current = 0;
    this.anchor = 0;
    this.find(".faces").hidden = !sheet;
    this.find(".message").hidden = !!sheet;
    this.find(".faces").replaceChildren(...(sheet?.faces.map((face) => face.cell) ?? []));
    if (!sheet) {
      this.find(".message").textContent = this.complete ? this.words.end : "The next faces are on their way.";
      this.find(".title").textContent = "";
      this.find(".help").textContent = "";
      this.clock.pause();
    } else {
      const side = SIDES.find(([most]) => Math.max(sheet.faces.length, sheet.size) <= most)[1];
      this.find(".faces").style.setProperty("--side", `${side}px`);
      this.find(".faces").dataset.form = form(sheet);
      this.drawTitle(sheet);
      sheet.faces.forEach((face, place) => (face.cell.tabIndex = place === 0 ? 0 : -1));
      const top = this.find(".lane").getBoundingClientRect().top;
      if (top < 0) this.find(".lane").scrollIntoView({ block: "start" });
      if (focused) sheet.faces[0].cell.focus({ preventScroll: true });
      this.watch = new IntersectionObserver((entries) => this.saw(entries), {
        threshold: 0.6,
        rootMargin: `0px 0px -${this.find("footer").offsetHeight}px 0px`, // what lies under the answers is not seen
      });
      for (const face of sheet.unseen) this.watch.observe(face.cell);
      afterPaint(() => {
        if (this.shown !== sheet) return;
        this.painted = sheet;
        this.looking = setTimeout(() => (this.find(".lane").dataset.ready = ""), LOOK[form(sheet)]);
        this.clock.start();
      });
    }
    this.drawButtons();
    this.drawFacts();
  }

  /* Whether the first face may take the focus: it was here, or a click on the controls above has left it there. */
  focusIsOurs(asked) {
    const active = document.activeElement;
    if (this.root.activeElement || active === document.body) return !!this.root.activeElement || asked;
    return asked && (!active.matches(":focus-visible") || !!active.closest("[data-testid='stSelectbox']"));
  }

  saw(entries) {
    for (const { isIntersecting, target } of entries) {
      if (!isIntersecting) continue;
      this.watch.unobserve(target);
      this.shown?.unseen.delete(this.shown.faces[Number(target.dataset.place)]);
    }
    this.drawButtons();
  }

  /* --- what a person does ------------------------------------------------------------------------------------- */

  keyDown(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    const path = event.composedPath();
    const typing = (node) => ["INPUT", "TEXTAREA", "SELECT"].includes(node.tagName) || node.isContentEditable;
    if (path.some(typing)) return;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    const command = this.keys.get(key) ?? { Enter: "confirm", " ": "mark", Escape: "clear" }[key];
    const arrow = ARROWS.includes(key);
    if (!command && !arrow) return;
    // These keys have a meaning of their own on a button, a link or a menu outside the faces.
    const taken = (node) => ["BUTTON", "A", "SUMMARY"].includes(node.tagName) || node.role === "menuitem";
    if ((arrow || ["confirm", "mark"].includes(command)) && path.some(taken)) return;
    event.preventDefault();
    event.stopPropagation();
    if (arrow) {
      this.clock.touch();
      this.walk(key, event.shiftKey);
      return;
    }
    const bounced = this.last?.key === key && event.timeStamp - this.last.at < BOUNCE;
    if (event.repeat || bounced) return;
    this.last = { key, at: event.timeStamp };
    this.press(command, key);
  }

  press(command, key) {
    this.clock.touch();
    if (command === "undo") this.undo(key);
    else if (!this.painted) return;
    else if (command === "confirm") this.confirm(key);
    else if (command === "clear") this.clear();
    else if (command === "mark") this.mark([this.current]);
    else this.setClass(command, key);
  }

  clicked(event) {
    const cell = event.target.closest(".cell");
    if (!cell || !this.painted) return;
    this.clock.touch();
    const place = Number(cell.dataset.place);
    if (event.shiftKey) this.markRange(place);
    else this.mark([place]);
    this.focus(place);
  }

  walk(key, range) {
    if (!this.painted) return;
    const last = this.painted.faces.length - 1;
    const columns = this.columns();
    const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns };
    const to = key === "Home" ? 0 : key === "End" ? last : this.current + steps[key];
    const place = to < 0 || to > last ? this.current : to;
    if (range) this.markRange(place);
    else this.anchor = place;
    this.focus(place);
  }

  columns() {
    const cells = this.painted.faces.map((face) => face.cell);
    const second = cells.findIndex((cell) => cell.offsetTop > cells[0].offsetTop);
    return second < 0 ? cells.length : second;
  }

  focus(place) {
    this.painted.faces[this.current].cell.tabIndex = -1;
    this.current = place;
    const { cell } = this.painted.faces[place];
    cell.tabIndex = 0;
    cell.focus({ preventScroll: true });
    cell.scrollIntoView({ block: "nearest" });
  }

  /* Marks a face, or lets go of one that is marked or has a class of its own. */
  mark(places) {
    const sheet = this.painted;
    if (sheet.kind === "copies") return this.speak("Exact copies have one answer: press a class.");
    this.anchor = places[0];
    this.change(sheet, places.map((place) => {
      const face = sheet.faces[place];
      return [face, { marked: !face.marked && !face.answer, answer: "", key: "" }];
    }));
  }

  markRange(place) {
    const sheet = this.painted;
    if (sheet.kind === "copies") return;
    const [from, to] = [Math.min(this.anchor, place), Math.max(this.anchor, place)];
    const range = sheet.faces.slice(from, to + 1).filter((face) => !face.marked && !face.answer);
    this.change(sheet, range.map((face) => [face, { marked: true, answer: "", key: "" }]));
  }

  /* A class for the marked faces; without marks for the focused one of a class, or for a whole set of copies. */
  setClass(answer, key) {
    const sheet = this.painted;
    const marked = sheet.faces.filter((face) => face.marked);
    if (!marked.length && !sheet.emotion) {
      if (!this.ready(sheet)) return;
      const open = sheet.faces.filter((face) => !face.answer);
      this.change(sheet, (open.length ? open : sheet.faces).map((face) => [face, { marked: false, answer, key }]));
      this.store(sheet, key);
      return;
    }
    if (!marked.length && !this.root.activeElement?.matches(".cell")) return this.focus(this.current);
    const faces = marked.length ? marked : [sheet.faces[this.current]];
    const own = answer === sheet.emotion ? "" : answer;
    this.change(sheet, faces.map((face) => [face, { marked: false, answer: own, key: own && key }]));
  }

  clear() {
    const sheet = this.painted;
    const odd = sheet.faces.filter((face) => face.marked || face.answer);
    this.change(sheet, odd.map((face) => [face, { marked: false, answer: "", key: "" }]));
  }

  /* Changes faces of a sheet, one step of undo; `changes`: [face, {marked, answer, key}]. */
  change(sheet, changes) {
    if (!changes.length) return;
    sheet.past.push(changes.map(([face]) => [face, { marked: face.marked, answer: face.answer, key: face.key }]));
    this.apply(sheet, changes);
  }

  apply(sheet, changes) {
    for (const [face, state] of changes) {
      Object.assign(face, state);
      this.drawFace(sheet, face);
    }
    this.drawButtons();
    const [face, { marked, answer }] = changes[0];
    const state = answer ? this.titles.get(answer) : marked ? "marked" : this.plain(sheet);
    this.speak(`${changes.length === 1 ? `Face ${Number(face.cell.dataset.place) + 1}` : `${changes.length} faces`}: ${state}.`);
  }

  confirm(key) {
    const sheet = this.painted;
    if (!this.ready(sheet)) return;
    const open = sheet.faces.filter((face) => !face.answer && !face.marked);
    if (!sheet.emotion && open.length && !sheet.keep) return this.speak("Press the class that these faces show.");
    if (!sheet.emotion) this.change(sheet, open.map((face) => [face, { marked: false, answer: sheet.keep, key }]));
    this.store(sheet, key);
  }

  /* Whether a sheet was looked at. Faces that were not on the screen yet are brought there. */
  ready(sheet) {
    const hidden = sheet.faces.find((face) => sheet.unseen.has(face));
    if (hidden) hidden.cell.scrollIntoView({ block: "start" });
    return !hidden && "ready" in this.find(".lane").dataset;
  }

  /* Makes the answers of a sheet into events and brings the next one. */
  store(sheet, key) {
    const asked = sheet.kind === "copies" ? sheet.faces.slice(0, 1) : sheet.faces;
    const active = this.clock.read();
    const time = new Date().toISOString(); // one time for all of a sheet
    const share = Math.floor(active / asked.length);
    sheet.events = asked.map((face, place) => [
      face,
      this.record(face, {
        kind: "answer",
        answer: face.answer || (face.marked ? "skip" : sheet.emotion),
        key: face.answer ? face.key : key,
        time,
        active_ms: share + (place < active - share * asked.length ? 1 : 0), // so that their sum is true
      }),
    ]);
    sheet.active = active;
    for (const face of asked) this.answered.add(face.picture);
    this.confirmed.push(sheet);
    this.sheets.shift();
    if (sheet.view === this.view) this.done += this.pictures(sheet);
    this.speak(`${asked.length === 1 ? "1 picture" : `${asked.length} pictures`} answered.`);
    this.show();
    this.askForMore();
  }

  undo(key) {
    const step = this.painted?.past.pop();
    if (step) {
      this.apply(this.painted, step);
      return;
    }
    const sheet = this.confirmed.pop();
    if (!sheet) return;
    const time = new Date().toISOString();
    for (const [face, id] of sheet.events) {
      this.record(face, { kind: "undo", undoes: id, key, time });
      this.answered.delete(face.picture);
    }
    if (sheet.view === this.view) this.done -= this.pictures(sheet);
    // A set of copies that one key has answered comes back without that answer.
    if (!sheet.emotion) for (const [face, state] of sheet.past.pop() ?? []) Object.assign(face, state);
    for (const face of sheet.faces) this.drawFace(sheet, face);
    this.sheets.unshift(sheet);
    this.show();
    this.speak("The last grid is back; its answers are taken back.");
  }

  pictures(sheet) {
    return sheet.kind === "copies" ? 1 : sheet.faces.length;
  }

  /* The event of what was done to `face`, put where it cannot be lost; returns its id. */
  record(face, fields) {
    const event = {
      id: uuid(),
      answer: "",
      comment: "",
      undoes: "",
      active_ms: 0,
      ...this.event,
      ...face.log,
      row: face.row,
      content: face.content,
      ...fields,
    };
    this.courier.record(event);
    return event.id;
  }

  /* --- drawing ------------------------------------------------------------------------------------------------ */

  build(data) {
    this.words = data.words;
    this.keys = new Map();
    this.titles = new Map();
    this.buttons = new Map();
    for (const button of data.buttons) {
      this.keys.set(button.key, button.command);
      this.titles.set(button.command, button.title);
      this.buttons.set(button.command, button);
      const element = this.find(`[data-command="${button.command}"]`) ?? make("button");
      const cap = make("kbd");
      cap.textContent = button.cap;
      element.type = "button";
      element.className = "command";
      element.dataset.command = button.command;
      element.setAttribute("aria-keyshortcuts", button.key === " " ? "Space" : button.key);
      paintClass(element, button);
      element.replaceChildren(cap, document.createTextNode(button.title));
      if (!element.isConnected) this.find(".answers").append(element);
    }
    for (const element of this.root.querySelectorAll("footer button")) {
      element.addEventListener("click", () => {
        this.press(element.dataset.command, "");
        // Enter and space belong to the faces again, unless somebody walks by the tab key.
        if (this.painted && !element.matches(":focus-visible")) this.focus(this.current);
      });
    }
    this.find(".faces").addEventListener("click", (event) => this.clicked(event));
  }

  /* A sheet with its cells made and its pictures decoding, so that it can be painted at once. */
  prepared(sheet) {
    sheet.faces.forEach((face, place) => {
      const cell = make("div", "cell");
      cell.role = "option";
      cell.dataset.place = place;
      cell.dataset.row = face.row;
      const image = new Image();
      image.alt = "";
      image.draggable = false;
      image.src = face.image;
      image.decode().catch(() => {});
      const note = make("span", "note", face.note);
      note.title = face.note;
      cell.append(image, make("span", "tag"), note);
      face.cell = cell;
      this.drawFace(sheet, face);
    });
    return sheet;
  }

  plain(sheet) {
    return sheet.emotion ? this.titles.get(sheet.emotion) : "no answer yet";
  }

  drawFace(sheet, face) {
    const { cell } = face;
    const odd = face.marked || !!face.answer;
    const word = face.answer ? this.titles.get(face.answer) : face.marked ? `Not ${sheet.emotion || "like these"}` : "";
    cell.setAttribute("aria-selected", String(odd));
    cell.dataset.state = face.answer ? "set" : face.marked ? "marked" : "plain";
    paintClass(cell, (face.answer && this.buttons.get(face.answer)) || {});
    cell.querySelector(".tag").textContent = word;
    const place = Number(cell.dataset.place) + 1;
    cell.setAttribute("aria-label", [`Face ${place}`, face.note, word || this.plain(sheet)].filter(Boolean).join(", "));
  }

  drawTitle(sheet) {
    const name = make("b", "", sheet.emotion);
    paintClass(name, this.buttons.get(sheet.emotion) ?? {});
    const [before, after] = sheet.title.split("{class}");
    this.find(".title").replaceChildren(before, ...(after === undefined ? [] : [name, after]));
    this.find(".help").textContent = sheet.help;
  }

  drawButtons() {
    const sheet = this.shown;
    const button = this.find(".confirm");
    const faces = sheet?.faces ?? [];
    const open = faces.filter((face) => !face.answer && !face.marked).length;
    const skipped = faces.filter((face) => face.marked).length;
    const unseen = sheet?.unseen.size ?? 0;
    let words = PRESS;
    if (unseen && unseen < faces.length) words = `Show ${unseen} more`;
    else if (sheet?.keep && open) words = `Keep ${sheet.keep}`;
    else if (sheet?.emotion) words = open ? `Confirm ${open} as ${sheet.emotion}` : "Store these answers";
    else if (sheet && !open) words = "Store these answers";
    button.firstElementChild.textContent = words;
    button.disabled = words === PRESS;
    const odd = skipped || faces.length - open - skipped;
    this.find('[data-command="clear"]').disabled = !odd;
    this.find('[data-command="undo"]').disabled = !sheet?.past.length && !this.confirmed.length;
    for (const one of this.root.querySelectorAll(".answers .command")) one.disabled = !sheet;
  }

  drawFacts() {
    const bar = this.find(".progress");
    bar.firstElementChild.style.transform = `scaleX(${this.total ? this.done / this.total : 0})`;
    bar.setAttribute("aria-valuemax", this.total);
    bar.setAttribute("aria-valuenow", this.done);
    const count = `${this.done.toLocaleString()} of ${this.total.toLocaleString()} ${this.words.unit}`;
    this.find(".count").textContent = this.view === null ? "" : count;
    const recent = this.confirmed.filter((sheet) => sheet.active).slice(-PACE_OVER);
    const active = recent.reduce((sum, sheet) => sum + sheet.active, 0);
    const pictures = recent.reduce((sum, sheet) => sum + this.pictures(sheet), 0);
    this.find(".pace").textContent = active > 5000 ? `${Math.round((60000 * pictures) / active)} faces a minute` : "";
    this.drawSaved();
  }

  drawSaved() {
    const { state, count, text } = this.courier.standing;
    const saved = this.find(".saved");
    if (saved.dataset.state !== state) saved.dataset.state = state;
    if (saved.dataset.count !== String(count)) saved.dataset.count = count;
    const words = saved.lastElementChild;
    if (words.textContent !== text) words.textContent = words.title = text;
  }

  speak(text) {
    this.find(".spoken").textContent = text;
  }

  leave() {
    document.removeEventListener("keydown", this.onKey, true);
    document.removeEventListener("pointermove", this.onTouch);
    document.removeEventListener("visibilitychange", this.onVisibility);
    clearInterval(this.ticking);
    this.watch?.disconnect();
    clearTimeout(this.looking);
    this.courier.leave();
  }
}

/* Whether a sheet holds faces of one class, or a set of copies. */
const form = (sheet) => (sheet?.emotion ? "class" : "set");
