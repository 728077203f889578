/* The history drawer: all answers of this person in this round, the newest first; a click opens the face again. */

const NEAR_END = 400; // pixels before the end of the list at which older answers are asked for

class HistoryPanel {
  /* `open(entry)` opens a face again; `more()` asks for older answers. */
  constructor(panel, titles, colours, { open, more }) {
    Object.assign(this, { panel, titles, colours, open, more });
    this.list = make("ol", "answered");
    this.end = make("p", "quiet");
    panel.replaceChildren(this.list, this.end);
    panel.addEventListener("scroll", () => this.reach(), { passive: true });
    this.items = new Map(); // event id -> list item
  }

  /* Draw `entries` (oldest first); `last`: nothing is older than the first of them. */
  draw(entries, last) {
    this.last = last;
    const wanted = [...entries].reverse();
    const ids = new Set(wanted.map(({ id }) => id));
    for (const [id, item] of this.items) {
      if (!ids.has(id)) {
        item.remove();
        this.items.delete(id);
      }
    }
    let before = null;
    for (const entry of wanted) {
      let item = this.items.get(entry.id);
      if (!item) {
        item = this.item(entry);
        this.items.set(entry.id, item);
      }
      const place = before ? before.nextSibling : this.list.firstChild;
      if (place !== item) this.list.insertBefore(item, place);
      before = item;
    }
    this.end.textContent = last ? (entries.length ? "That is where the round began." : "No answers yet.") : "Loading.";
    this.reach();
  }

  /* Where the list ends in sight, more is wanted. */
  reach() {
    const { scrollTop, scrollHeight, clientHeight } = this.panel;
    if (!this.panel.hidden && !this.last && scrollHeight - scrollTop - clientHeight < NEAR_END) this.more();
  }

  item(entry) {
    const item = make("li");
    const button = make("button");
    button.type = "button";
    button.dataset.event = entry.id;
    const image = new Image();
    image.src = entry.card.image;
    image.alt = "";
    const words = make("span", "words");
    const answer = make("span", "mark", this.titles.get(entry.answer));
    paintClass(answer, this.colours.get(entry.answer) ?? {});
    const how = entry.seen === "revealed" ? "after a look" : "blind";
    words.append(answer, make("span", "quiet", `${how}, ${clockTime(entry.time)}`));
    button.append(image, words);
    button.setAttribute("aria-label", `${this.titles.get(entry.answer)}, ${how}, ${clockTime(entry.time)}: open again`);
    button.addEventListener("click", (event) => {
      if (event.detail) button.blur(); // keys belong to the face again
      this.open(entry);
    });
    item.append(button);
    return item;
  }
}

function clockTime(text) {
  const time = new Date(text);
  const today = time.toDateString() === new Date().toDateString();
  const hours = time.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
  return today ? hours : `${time.toLocaleDateString([], { day: "numeric", month: "short" })} ${hours}`;
}
